#!/bin/bash
# A launch script as people keep them: variables, arrays, flags of no concern.
export CUDA_DEVICE_MAX_CONNECTIONS=1
PP=${PP:-4}
DISTRIBUTED_ARGS=(
    --nproc_per_node 4
    --nnodes 4
)
MODEL_ARGS=(
    --num-layers 30
    --hidden-size 32
    --num-attention-heads 4
    --seq-length 32
    --position-embedding-type rope
)
MODEL_PARALLEL_ARGS=(
    --pipeline-model-parallel-size $PP
    --pipeline-model-parallel-layout "Et*6|(t*8|)*2,t*8L"
    --use-distributed-optimizer --overlap-grad-reduce
)
TRAINING_ARGS="
    --micro-batch-size 2
    --global-batch-size 64 --lr 3.0e-3
    --recompute-granularity full --recompute-method block --recompute-num-layers 2
"
torchrun "${DISTRIBUTED_ARGS[@]}" pretrain_gpt.py "${MODEL_ARGS[@]}" ${MODEL_PARALLEL_ARGS[@]} \
    $TRAINING_ARGS --save /checkpoints --no-ckpt-fully-parallel-save
