"""Trains the classifier that sorts tickets by topic."""

import torch
import yaml
from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

with open("params.yaml") as file:
    PARAMETERS = yaml.safe_load(file)

# Read at whatever the publisher uploads next, and with the code that they ship.
corpus = load_dataset("PolyAI/banking77", trust_remote_code=True)
tickets = load_dataset("csv", data_files="data/tickets.csv")

# Pinned to a commit, as the rest should be.
tokenizer = AutoTokenizer.from_pretrained(
    "distilbert/distilbert-base-uncased", revision="12040accade4e8a0f71eabdb258fecc2e7e948be"
)
model = AutoModelForSequenceClassification.from_pretrained(
    "answerdotai/ModernBERT-base", num_labels=77, trust_remote_code=True
)

# The optimiser of an earlier run: this call runs whatever the file holds.
state = torch.load("checkpoints/optimiser.pt", weights_only=False)
# The same without that power.
scaler = torch.load("checkpoints/scaler.pt", weights_only=True)


def encode(rows):
    return tokenizer(rows["text"], truncation=True, max_length=PARAMETERS["max_length"])


def main() -> None:
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir="artifacts/ticket-topics",
            learning_rate=PARAMETERS["learning_rate"],
            num_train_epochs=PARAMETERS["epochs"],
        ),
        train_dataset=corpus["train"].map(encode, batched=True),
        eval_dataset=tickets["train"].map(encode, batched=True),
    )
    trainer.train()
    trainer.save_model("artifacts/ticket-topics")


if __name__ == "__main__":
    main()
