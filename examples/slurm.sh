#!/bin/bash
#SBATCH --job-name=glidepath
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
# Trains until the plan's end, in as many jobs as it takes: sbatch examples/slurm.sh RUN
# SIGTERM, sent to the tasks two minutes before the limit, has the state saved (exit status 143);
# --max-time does the same where a queue sends no signal (exit status 75). A task has one of its
# node's GPUs; it must see all of them, so ask for none by --gpus-per-task.
set -uo pipefail
run=${1:?the directory of the run}

# The first task judges the model alone, when the others have ended: --wait=0.
srun --kill-on-bad-exit=0 --wait=0 glidepath train graphcast --distributed --resume auto --out "$run" \
  --data "${DATA:?a Zarr store}" --plan graphcast --size 0.25deg --precision bfloat16 \
  --shard --checkpoint-every 10m --keep-every 6h --max-time 3h55m
status=$?

case $status in
  75 | 143) scontrol requeue "$SLURM_JOB_ID" ;; # saved: go on in the next job
  *) exit $status ;;
esac
