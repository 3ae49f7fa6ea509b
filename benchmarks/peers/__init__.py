"""Other frameworks' turn handling as floors of ours, each in its own environment: peers in a benchmark."""
