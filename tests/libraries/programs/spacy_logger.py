"""spaCy trains with `spacy.AimLogger.v1` of aim-spacy, found through its entry point."""

import spacy
from spacy.cli.init_config import init_config
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train

vocabulary = spacy.blank("en").vocab
texts = DocBin()
for word, tag in (("good", "JJ"), ("badly", "RB"), ("fine", "JJ"), ("poorly", "RB")):
    texts.add(Doc(vocabulary, words=["it", "is", word], tags=["PRP", "VBZ", tag]))
texts.to_disk("texts.spacy")

config = init_config(lang="en", pipeline=["tagger"], silent=True)
config["paths"].update(train="texts.spacy", dev="texts.spacy")
config["training"].update(max_epochs=2, eval_frequency=2, seed=0)
config["training"]["batcher"] = {"@batchers": "spacy.batch_by_sequence.v1", "size": 2}
config["training"]["logger"] = {
    "@loggers": "spacy.AimLogger.v1",
    "repo": ".",
    "experiment_name": "texts",
}
train(init_nlp(config))
