"""``python -m voicecore``."""

from voicecore.cli import main

if __name__ == "__main__":
    main()
