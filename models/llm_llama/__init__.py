"""A language model on llama.cpp: one scheduler batches all calls, one cache keeps what they share."""
