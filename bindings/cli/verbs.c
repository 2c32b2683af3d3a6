#include "verbs.h"
#include <string.h>

const cli_verb_t *const cli_verbs[] = {
    &cli_verb_train,
    &cli_verb_generate,
    &cli_verb_reconstruct,
    &cli_verb_interpolate,
    &cli_verb_walk,
    &cli_verb_encode,
    &cli_verb_decode,
    &cli_verb_evaluate,
    &cli_verb_compare,
    &cli_verb_draw,
    &cli_verb_convert,
    &cli_verb_info,
    &cli_verb_help,
    &cli_verb_version,
    NULL,
};

const cli_verb_t *cli_find_verb(const char *name)
{
    for (size_t i = 0; cli_verbs[i] != NULL; i++)
        if (strcmp(cli_verbs[i]->name, name) == 0) return cli_verbs[i];
    return NULL;
}
