"""`python -m benchmarks.accuracy`."""

from benchmarks.accuracy import run

if __name__ == "__main__":
    run.main()
