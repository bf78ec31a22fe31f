"""The pipeline: the order of the stages, and what surrounds them: run records, locks, sums, gates and the release.

The only room that knows the order. Everything here can be interrupted at any point and run again.
"""

from mdm.pipeline.order import compare_models, judge_blocking, run, suggest_model, train_model
from mdm.pipeline.plan import approve, reject
from mdm.pipeline.pull import begin, sync

__all__ = ["approve", "begin", "compare_models", "judge_blocking", "reject", "run", "suggest_model", "sync", "train_model"]
