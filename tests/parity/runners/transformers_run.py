"""The plan in the Trainer of Hugging Face transformers."""

from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from glidepath.adapters.transformers import PlanCallback, optimizers
from tests.parity.runners.observed import Observed, TwoWeights, main, parts, samples


class StopAt(TrainerCallback):
    """Saves and stops after so many updates, as a cluster would."""

    def __init__(self, num_updates):
        self.num_updates = num_updates

    def on_step_end(self, args, state, control, **_):
        if state.global_step == self.num_updates:
            control.should_save = control.should_training_stop = True


def record(plan, run):
    observed = Observed()
    for first, last in parts(run):
        trainer = _trainer(plan, run, observed)
        if last != run.num_updates:
            trainer.add_callback(StopAt(last))
        checkpoint = f"{run.folder}/checkpoint-{first}" if first else None
        trainer.train(resume_from_checkpoint=checkpoint)
        trainer.accelerator.wait_for_everyone()
    return observed.values


def _trainer(plan, run, observed):
    model = TwoWeights()
    optimizer, scheduler = optimizers(model, plan)
    observed.watch(optimizer)
    trainer = Trainer(
        model,
        TrainingArguments(
            run.folder,
            max_steps=run.num_updates,
            gradient_accumulation_steps=run.accumulate,
            per_device_train_batch_size=1,
            logging_strategy="no",
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        ),
        train_dataset=samples(run),
        optimizers=(optimizer, scheduler),
        callbacks=[PlanCallback(plan, any_length=True)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


if __name__ == "__main__":
    main(record)
