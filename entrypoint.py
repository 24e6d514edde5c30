"""The program of the action and of the local run; everything is in ``prodlens.action``."""

import sys

from prodlens.action import main

if __name__ == "__main__":
    sys.exit(main())
