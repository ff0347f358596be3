"""The overview's panels of learning: how far sensors and models are, and what trainings came to and cost."""

from __future__ import annotations

from offbeat.observe.dashboards.panels import FAINT, GOOD, HERE, NO_SPARKLINE, Panel, Query


def learning() -> list[Panel]:
    """Return how far sensors and models are, and what came of trainings."""
    planned = f"offbeat_next_training_timestamp_seconds{{{HERE}}}"
    results = f"round(sum by (result) (increase(offbeat_trainings_total{{{HERE}}}[$__range])))"
    return [
        Panel(
            "Sensors by readiness",
            "Waiting for a first reading; learning, when only silence is judged; provisional, by the fleet's "
            "laws; ready, by its own.",
            "short",
            (Query(f"sum by (readiness) (offbeat_sensors{{{HERE}}})", "{{readiness}}"),),
            least=0,
            custom={"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 40},
        ),
        Panel(
            "Learning",
            "How much of the data is there that a group's first model needs, or how far its training is; full when "
            "neither is the case.",
            "percentunit",
            (Query(f"offbeat_learning_progress_ratio{{{HERE}}}", "{{group}}"),),
            "bargauge",
            6,
            least=0,
            most=1,
            steps=((0, "blue"), (1, GOOD)),
        ),
        Panel(
            "Next training",
            "Time until a group is trained anew, at the latest.",
            "s",
            (
                Query(
                    f"clamp_min(({planned} > 0) - timestamp({planned}), 0) or ({planned} == 0) - 1",
                    "{{group}}",
                ),
            ),
            "stat",
            4,
            mappings=((-1, "not planned", "text"),),
            options=NO_SPARKLINE,
        ),
        Panel(
            "Trainings",
            "What came of trainings in the background, over the time that is shown.",
            "none",
            (Query(results, "{{result}}", instant=True),),
            "bargauge",
            6,
            least=0,
            steps=((0, "blue"),),
        ),
    ]


def training() -> list[Panel]:
    """Return when models were trained, and how long that took."""
    spent = f"sum(increase(offbeat_training_seconds_total{{{HERE}}}[$__range]))"
    return [
        Panel(
            "Training now",
            "When a model of a group was trained in the background, which takes a core from everything else.",
            "none",
            (Query(f"max by (group) (offbeat_training_running{{{HERE}}})", "{{group}}"),),
            "state-timeline",
            18,
            4,
            mappings=((1, "trains", "blue"), (0, "rests", FAINT)),
            steps=((0, FAINT), (1, "blue")),
        ),
        Panel(
            "Time of trainings",
            "What the trainings took that ended within the time that is shown.",
            "s",
            (Query(spent, "time", instant=True),),
            "stat",
            6,
            4,
            options=NO_SPARKLINE,
        ),
    ]
