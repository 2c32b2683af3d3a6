#include "models/training.h"
#include <stddef.h>

#define AT(member) offsetof(aigc__train_options_t, member)

const aigc__option_t aigc__train_rows[] = {
    {"epochs", AIGC__OPTION_INT, AT(epochs), "10", 1, 1e9, NULL,
     "passes over the pictures, counted from the first training on"},
    {"batch_size", AIGC__OPTION_INT, AT(batch_size), "0", 0, 65536, NULL,
     "pictures a step (0: of a GAN 16 to 64, more of many and of small pictures; of a VAE 128, or 16 with "
     "convolutions)"},
    {"seed", AIGC__OPTION_INT, AT(seed), "0", 0, 9e18, NULL, "names the run: order of pictures and random numbers"},
    {"shuffle", AIGC__OPTION_BOOL, AT(shuffle), "true", 0, 0, NULL, "a new order each epoch"},
    {"flip", AIGC__OPTION_BOOL, AT(flip), "false", 0, 0, NULL, "mirror half of the pictures, chosen anew each epoch"},
    {"ema", AIGC__OPTION_FLOAT, AT(ema), "-1", -1, 0.999999, NULL,
     "decay of a moving average of the parameters, used for sampling (0: none; -1: 0.999 of a GAN, else none)"},
    {"validation_split", AIGC__OPTION_FLOAT, AT(validation_split), "0", 0, 0.9, NULL,
     "part of the pictures kept for validation; not beside pictures given for it"},
    {"output", AIGC__OPTION_PATH, AT(output), "", 0, 0, NULL,
     "model file, written as training goes on, with its companions"},
    {"resume", AIGC__OPTION_BOOL, AT(resume), "false", 0, 0, NULL,
     "go on from the training state beside output, if there is one"},
    {"samples", AIGC__OPTION_INT, AT(samples), "64", 0, 4096, NULL, "pictures in the grid of samples (0: no grid)"},
    {"samples_every", AIGC__OPTION_INT, AT(samples_every), "0", 0, 1e12, NULL,
     "steps from one grid of samples to the next (0: one at each epoch's end)"},
    {"quality", AIGC__OPTION_INT, AT(quality), "0", 0, 1e6, NULL,
     "pictures made at an epoch's end and held against as many of those that are learned: frechet, kid, precision "
     "and "
     "recall among the metrics (0: none)"},
    {"quality_every", AIGC__OPTION_INT, AT(quality_every), "1", 1, 1e9, NULL,
     "epochs from one such measurement to the next; the last one is measured always"},
    {"save_seconds", AIGC__OPTION_INT, AT(save_seconds), "30", 0, 1e9, NULL,
     "least time between two saves on the way (0: every epoch)"},
    {"cache", AIGC__OPTION_INT, AT(cache), "1073741824", 0, 9e18, NULL, "bytes of decoded pictures kept in memory"},
};
const size_t aigc__train_row_count = sizeof aigc__train_rows / sizeof *aigc__train_rows;

#undef AT
#define AT(member) offsetof(aigc__optimizer_settings_t, member)

const aigc__option_t aigc__optimizer_rows[] = {
    {"optimizer", AIGC__OPTION_CHOICE, AT(kind), "adam", 0, 0, "adam|adamw|sgd|rmsprop",
     "how gradients move the parameters"},
    {"learning_rate", AIGC__OPTION_FLOAT, AT(learning_rate), "0", 0, 1e3, NULL,
     "step size (0: 1e-3 for adam and adamw, 1e-2 for sgd and rmsprop; of a GAN 2e-4 and 1e-4)"},
    {"beta1", AIGC__OPTION_FLOAT, AT(beta1), "-1", -1, 0.999999, NULL,
     "adam: decay of the mean gradient (-1: 0.5 of a GAN, else 0.9)"},
    {"beta2", AIGC__OPTION_FLOAT, AT(beta2), "0.999", 0, 0.999999999, NULL, "adam: decay of the mean squared gradient"},
    {"epsilon", AIGC__OPTION_FLOAT, AT(epsilon), "1e-8", 1e-30, 1, NULL,
     "adam, rmsprop: added to the root of the mean square"},
    {"momentum", AIGC__OPTION_FLOAT, AT(momentum), "-1", -1, 0.999999, NULL,
     "sgd, rmsprop: part of the last step that is kept (-1: 0.9 for sgd, 0 for rmsprop)"},
    {"alpha", AIGC__OPTION_FLOAT, AT(alpha), "0.99", 0, 0.999999, NULL, "rmsprop: decay of the mean squared gradient"},
    {"nesterov", AIGC__OPTION_BOOL, AT(nesterov), "false", 0, 0, NULL, "sgd: look ahead along the momentum"},
    {"weight_decay", AIGC__OPTION_FLOAT, AT(weight_decay), "-1", -1, 10, NULL,
     "pull towards zero (-1: 1e-2 for adamw, else 0)"},
    {"gradient_clip", AIGC__OPTION_FLOAT, AT(gradient_clip), "0", 0, 1e30, NULL,
     "greatest norm of all gradients together (0: no limit)"},
    {"schedule", AIGC__OPTION_CHOICE, AT(schedule.kind), "constant", 0, 0, "constant|linear|cosine",
     "course of the learning rate"},
    {"schedule_steps", AIGC__OPTION_INT, AT(schedule.total), "0", 0, 1e12, NULL,
     "linear, cosine: steps from begin to end (0: those of the whole training)"},
    {"warmup_steps", AIGC__OPTION_INT, AT(schedule.warmup), "0", 0, 1e12, NULL,
     "steps over which the learning rate rises first"},
    {"final_rate", AIGC__OPTION_FLOAT, AT(schedule.final), "0", 0, 1, NULL,
     "linear, cosine: part of the learning rate left at the end"},
};
const size_t aigc__optimizer_row_count = sizeof aigc__optimizer_rows / sizeof *aigc__optimizer_rows;

const aigc__option_need_t aigc__optimizer_needs[] = {
    {"beta1", "optimizer", "adam|adamw"},
    {"beta2", "optimizer", "adam|adamw"},
    {"epsilon", "optimizer", "adam|adamw|rmsprop"},
    {"momentum", "optimizer", "sgd|rmsprop"},
    {"alpha", "optimizer", "rmsprop"},
    {"nesterov", "optimizer", "sgd"},
    {"schedule_steps", "schedule", "linear|cosine"},
    {"final_rate", "schedule", "linear|cosine"},
    {NULL, NULL, NULL},
};
