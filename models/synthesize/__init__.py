"""Makes models of the published shapes with weights of noise, to measure a box before a download."""
