"""The SIP endpoint: pjsua2 in a media process of its own, a remote control of it, and an in-memory twin."""
