"""Full-duplex benchmark: scripted audio callers over SIP at 8 kHz, and three ways of taking turns."""
