"""A tiny text classifier trained by Hugging Face's Trainer, recorded with Aim's callback.

    python examples/hugging_face_aim.py            (with Aim)
    python -m aim_compat run examples/hugging_face_aim.py

The data are made up, and so is the model: nothing is downloaded.
"""

import torch
from aim.hugging_face import AimCallback
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

WORDS, LENGTH, TEXTS = 32, 8, 64


class Texts(torch.utils.data.Dataset):
    """Random words; a text is positive if it has more words of the upper half."""

    def __init__(self, count: int, seed: int) -> None:
        draw = torch.Generator().manual_seed(seed)
        self.words = torch.randint(0, WORDS, (count, LENGTH), generator=draw)
        self.labels = (self.words >= WORDS // 2).sum(dim=1).gt(LENGTH // 2).long()

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, index: int) -> dict:
        return {"input_ids": self.words[index], "labels": self.labels[index]}


def accuracy(prediction) -> dict:
    guessed = prediction.predictions.argmax(axis=-1)
    return {"accuracy": float((guessed == prediction.label_ids).mean())}


def main() -> None:
    torch.manual_seed(0)
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=WORDS,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=LENGTH,
            num_labels=2,
        )
    )
    callback = AimCallback(experiment="text-classifier")
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir="checkpoints",
            num_train_epochs=2,
            per_device_train_batch_size=16,
            logging_steps=2,
            eval_strategy="epoch",
            save_strategy="epoch",
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
        ),
        train_dataset=Texts(TEXTS, seed=1),
        eval_dataset={"short": Texts(16, seed=2), "long": Texts(32, seed=3)},
        compute_metrics=accuracy,
        callbacks=[callback],
    )
    trainer.train()
    trainer.evaluate(Texts(16, seed=4), metric_key_prefix="test")
    callback.experiment["trained"] = True
    callback.experiment.close()


if __name__ == "__main__":
    main()
