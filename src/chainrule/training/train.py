"""``train``: from a network and rows to a run; ``resume``: from a run that was cut off."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, ParamSpec

from chainrule.engines.choosing import AUTO, chosen_engine
from chainrule.errors import SetupError, nearest
from chainrule.network.losses import Loss
from chainrule.network.network import Network
from chainrule.optimizers import AnyOptimizer, Schedule, find_optimizer, searches, with_rate
from chainrule.program import FloatType
from chainrule.training import arguments
from chainrule.training.carry_out import carry_out
from chainrule.training.going_on import go_on, resume
from chainrule.training.metrics import Metric, check_metrics
from chainrule.training.preparing import Prepared, prepare, refuse_constant_targets
from chainrule.training.progress import on_terminal
from chainrule.training.rows import Rows
from chainrule.training.run import Run
from chainrule.training.setup import Regularisation, Setup, Strength
from chainrule.training.state import Hook, State
from chainrule.training.stopping import Stopping

__all__ = ["resume", "train"]

Arguments = ParamSpec("Arguments")
LossChoice = str | Loss | Callable[..., Any]


def _or_goes_on(train: Callable[Arguments, Run]) -> Callable[Arguments, Run]:
    """Let a Run go on with the arguments that are given, whether they are defaults or not."""
    signature = inspect.signature(train)

    @functools.wraps(train)
    def trained(*places: Arguments.args, **named: Arguments.kwargs) -> Run:
        for name in named:
            if name not in signature.parameters:
                known = nearest(name, signature.parameters)
                raise TypeError(f"train has no argument '{name}'. {known}")
        bound = signature.bind(*places, **named)
        before, changed = bound.arguments.get("network"), dict(bound.arguments)
        if not isinstance(before, Run):
            return train(*places, **named)
        bound.apply_defaults()
        given = bound.arguments
        epochs = arguments.whole(given["epochs"], "epochs", 0)
        setup, rows, state = go_on(before, given, changed, epochs)
        return _carried_out(setup, rows, given, state, before)

    return trained


@_or_goes_on
def train(
    network: Network | Run,
    X: Any = None,
    y: Any = None,
    *,
    loss: LossChoice | Sequence[LossChoice] | None = None,
    optimizer: str | AnyOptimizer = "adam",
    learning_rate: float | Schedule | None = None,
    epochs: int = 100,
    batch_size: int | Literal["auto"] | None = "auto",
    validation: float | tuple[Any, ...] = 0.0,
    metrics: Sequence[Metric] | None = None,
    sample_weight: Any = None,
    class_weight: Mapping[Any, float] | str | None = None,
    target_loss: float | None = None,
    patience: int | None = None,
    min_change: float | None = None,
    min_gradient: float | None = None,
    max_seconds: float | None = None,
    seed: int = 0,
    dtype: FloatType | None = None,
    engine: str = AUTO,
    shuffle: bool = True,
    freeze: Sequence[str] = (),
    rates: Mapping[str, float] | None = None,
    l1: Strength = 0.0,
    l2: Strength = 0.0,
    weight_decay: Strength = 0.0,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    keep: Literal["best", "last"] = "best",
    on_epoch: Hook | Sequence[Hook] = (),
    readings: int | Literal["auto"] = "auto",
    snapshots: int = 0,
    checkpoint: str | Path | None = None,
    checkpoint_every: float = 10.0,
    progress: bool = True,
) -> Run:
    """Train a network on rows and return the run; the network given is not changed.

    ``network``: a Network (one that has parameters goes on from them), or a Run, which goes on
    where it ended for ``epochs`` more, see below. ``X``: (rows, features); for several inputs a
    list, or name -> array. ``y``: labels (rows,), or numbers (rows,) or (rows, outputs); a list
    for several outputs. Where the network answers at each time of a sequence: labels (rows, time),
    or numbers (rows, time) or (rows, time, outputs). What stands in ``y`` where the mask of the
    sequence is False, or ``sample_weight`` (rows, time) is 0, does not count, in losses or metrics.

    ``loss``: a name, ``loss(name, ...)``, or a function (prediction, target) -> one number for each
    row or one for the batch; by default ``cross_entropy`` for labels (``binary_cross_entropy`` for
    two classes and one output) and ``mean_squared_error`` for numbers. ``optimizer``: a name or an
    optimizer such as ``Adam(learning_rate=0.01)``; ``learning_rate``, a number or a schedule,
    replaces its rate.
    ``batch_size``: rows in a step; "auto" is min(32, rows), or a little less where batch norm would
    get a step of one row, and all rows for optimizers that need them; ``None`` is all rows.
    ``validation``: a share of the rows, held out by seed and stratified by class, or (X, y); over
    time also (X, y, weights), of which those above 0 say which times count.
    ``metrics``: names or functions (truth, predicted) -> number, taken on the validation rows;
    by default accuracy for classes and r2 for numbers.
    ``sample_weight`` (rows,) and ``class_weight`` ("balanced" or class -> weight) multiply; they
    are scaled to a mean of 1 over the training rows (and times). In the validation loss a share of
    the rows counts by its ``sample_weight`` alone, scaled in the same way, and rows that are given
    as (X, y) weigh 1 each; metrics leave out rows of the weight 0, and count the others alike.

    Training ends after ``epochs``, or when ``target_loss``, ``min_change``, ``min_gradient``,
    ``patience`` (epochs without a better validation loss) or ``max_seconds`` says so; see
    ``Stopping``; or when the loss becomes NaN or infinite. With ``keep="best"`` the run's network
    has the parameters, and the running state, after the epoch with the lowest validation loss; with
    "last", or without validation rows, those after the last epoch that left finite numbers.
    Validation predicts: nothing is dropped, and batch norm uses its running statistics. What is
    dropped in training follows from ``seed`` and the step.

    ``dtype``: "float32" or "float64", by default float64 for optimizers that search, such as
    "levenberg_marquardt", whose epochs are iterations, and float32 for all others. ``engine``:
    "auto" is the compiled engine where it is there, else "reference", NumPy; see ``chainrule
    engines``. ``freeze``: names or patterns of parameters that stay ("*.b"); a pattern that names
    running statistics too ("batch_norm_1.*") stops them, and the layer works as it predicts;
    ``rates``: pattern -> factor on the learning rate. ``l1``, ``l2``, ``weight_decay``: see
    ``Regularisation``; ``clip_norm`` and ``clip_value`` bound the gradient.
    ``on_epoch``: called after every epoch with its progress, which can ``stop()`` or set
    ``learning_rate``. ``readings``: layers are looked at closely before each of so many epochs,
    then ever more rarely (0: never); "auto": when a twentieth of the work so far pays for it, in a
    training of milliseconds never. ``snapshots``: keep the parameters every so many epochs (0:
    never). ``checkpoint``: a folder that is kept up to date every ``checkpoint_every`` seconds,
    from which ``resume`` goes on. ``progress``: a live line, where there is a terminal.
    Ctrl-C ends the training and returns what there is; ``run.ended`` is then "interrupted".

    A Run goes on with its rows unless they are given, and what is not given here stays as it was:
    30 epochs and 20 more are 50 epochs, bit for bit. With another ``optimizer`` or ``freeze`` the
    optimizer's memory starts empty; with another ``learning_rate`` or ``batch_size`` it is kept.
    With another ``freeze`` or other rows the best epoch is sought anew. ``patience=None`` takes a
    limit away. Network, loss, seed, dtype and engine cannot change.

    Raises DataError for rows that cannot be learned from, SetupError for settings, ShapeError for
    sizes that do not meet, RunFolderError for the checkpoint folder.
    """
    given = dict(locals())
    setup, rows = set_up(**given)
    return _carried_out(setup, rows, given)


def _carried_out(
    setup: Setup,
    rows: tuple[Rows, Rows],
    given: Mapping[str, Any],
    state: State | None = None,
    before: Run | None = None,
) -> Run:
    shown = arguments.flag(given["progress"], "progress")
    run = carry_out(
        setup,
        rows,
        state=state,
        recording=None if before is None else before.recording,
        hooks=arguments.hooks(given["on_epoch"]),
        checkpoint=arguments.folder(given["checkpoint"]),
        checkpoint_every=arguments.from_zero(given["checkpoint_every"], "checkpoint_every"),
        progress=shown,
        notes=None if before is None else before.notes,
    )
    if shown and run.finished and on_terminal():
        _tell_signs(run)
    return run


def _tell_signs(run: Run) -> None:
    """Print a line on what the run shows signs of, below where its progress was."""
    from chainrule.diagnosis.end_of_training import line_of_signs

    try:
        print(line_of_signs(run), file=sys.stderr, flush=True)
    except (Exception, KeyboardInterrupt) as error:
        # A training that has ended is not to be lost with what is said of it.
        print(f"Signs of trouble could not be looked for: {error!r}", file=sys.stderr)


def _rows_in_a_step(batch_size: Any, prepared: Prepared, optimizer: AnyOptimizer) -> int:
    needed = prepared.network.plan.rows_needed
    return arguments.rows_in_a_step(batch_size, len(prepared.training), optimizer, needed)


def set_up(network: Any, X: Any, y: Any, **given: Any) -> tuple[Setup, tuple[Rows, Rows]]:
    """Return the setup and the rows of a training that begins, every argument checked."""
    if not isinstance(network, Network):
        raise SetupError(
            f"train() was given {type(network).__name__} where the network is due.",
            "Call train(network, X, y).",
        )
    seed = arguments.check_seed(given["seed"])
    optimizer = with_rate(find_optimizer(given["optimizer"]), given["learning_rate"])
    prepared = prepare(
        network,
        X,
        y,
        loss=given["loss"],
        validation=given["validation"],
        sample_weight=given["sample_weight"],
        class_weight=given["class_weight"],
        seed=seed,
    )
    task = prepared.targets[0].task
    metrics = given["metrics"]
    if metrics is None:
        metrics = "accuracy" if task == "classification" else "r2"
    dtype = given["dtype"]
    if dtype is None:
        dtype = "float64" if searches(optimizer) else "float32"
    dtype = arguments.checked(dtype, ("float32", "float64"), "dtype")
    refuse_constant_targets(prepared, dtype)
    setup = Setup(
        network=prepared.network,
        losses=prepared.losses,
        targets=prepared.targets,
        optimizer=optimizer,
        epochs=arguments.whole(given["epochs"], "epochs", 0),
        batch_size=_rows_in_a_step(given["batch_size"], prepared, optimizer),
        provenance=prepared.provenance,
        seed=seed,
        dtype=dtype,
        engine=chosen_engine(given["engine"]),
        shuffle=arguments.flag(given["shuffle"], "shuffle"),
        freeze=arguments.patterns(given["freeze"], "freeze"),
        rates=arguments.mapping(given["rates"], "rates"),
        regularisation=Regularisation(
            given["l1"],
            given["l2"],
            given["weight_decay"],
            given["clip_norm"],
            given["clip_value"],
        ),
        stopping=Stopping(
            given["target_loss"],
            given["min_change"],
            given["min_gradient"],
            given["patience"],
            given["max_seconds"],
        ),
        metrics=check_metrics(metrics, task),
        keep=arguments.checked(given["keep"], ("best", "last"), "keep"),
        readings=arguments.whole_or_auto(given["readings"], "readings"),
        snapshots=arguments.whole(given["snapshots"], "snapshots", 0),
    )
    return setup, (prepared.training, prepared.validation)
