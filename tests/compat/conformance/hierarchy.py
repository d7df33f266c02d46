"""Where Aim's sequence classes are, and which bases of a class a script may ask about."""

from __future__ import annotations

__all__ = ["SEQUENCES", "bases"]

SEQUENCES = {
    "Metric": "aim.sdk.sequences.metric",
    "Images": "aim.sdk.sequences.image_sequence",
    "Audios": "aim.sdk.sequences.audio_sequence",
    "Texts": "aim.sdk.sequences.text_sequence",
    "Figures": "aim.sdk.sequences.figure_sequence",
    "Distributions": "aim.sdk.sequences.distribution_sequence",
    "Logs": "aim.ext.resource.log",
    "LogRecords": "aim.sdk.logging.log_record",
    "MediaSequenceBase": "aim.sdk.sequence",
    "Sequence": "aim.sdk.sequence",
}


def bases(cls: type) -> list[str]:
    """Names of a class's bases that a script may ask `isinstance` about."""
    known = {*SEQUENCES, "Run", "BasicRun", "BaseRun", "StructuredRunMixin", "Generic", "Context"}
    known |= {"ArrayView", "TreeArrayView", "SequenceData", "SequenceV1Data", "SequenceV2Data"}
    known |= {"SequenceCollection", "Caller", "TrainingFlow", "Enum", "RuntimeError"}
    return [base.__name__ for base in cls.__mro__ if base.__name__ in known]
