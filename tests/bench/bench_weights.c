/* Opening and reading a file of weights: bench_weights --file vgg19.pth --select features. */
#include "bench.h"
#include <aigc/aigc.h>

enum { MOST = 4096 };

/* Answers the bytes read; ends the program where something fails. */
static uint64_t read_selected(aigc_weights_t *weights, const char *select, aigc_tensor_t **tensors, size_t *n)
{
    aigc_weights_entry_t entry = {.struct_size = sizeof entry};
    uint64_t bytes = 0, one = 0;
    *n = 0;
    for (uint64_t i = 0; *n < MOST && aigc_weights_tensor(weights, i, &entry) == AIGC_OK; i++) {
        if (strncmp(entry.name, select, strlen(select)) != 0) continue;
        if (aigc_weights_read(&tensors[*n], weights, entry.name, 0) != AIGC_OK) {
            fprintf(stderr, "%s\n", aigc_last_error());
            exit(1);
        }
        aigc_tensor_info(tensors[(*n)++], NULL, NULL, &one);
        bytes += one;
    }
    return bytes;
}

int main(int argc, char **argv)
{
    static aigc_tensor_t *tensors[MOST];
    const char *path = bench_text(argc, argv, "--file", NULL), *select = bench_text(argc, argv, "--select", "");
    const size_t reps = bench_number(argc, argv, "--reps", 5);
    aigc_context_t *context = NULL;
    aigc_options_t *options = NULL;
    if (!path) return fprintf(stderr, "use: bench_weights --file FILE [--select BEGINNING] [--reps N]\n"), 2;
    if (aigc_options_create(&options) || aigc_options_parse(options, "threads=1") ||
        aigc_context_create(&context, options))
        return 1;
    for (size_t rep = 0; rep < reps; rep++) {
        aigc_weights_t *weights = NULL;
        uint64_t idle = 0, peak = 0, count = 0;
        size_t n = 0;
        aigc_context_memory(context, &idle, NULL);
        const double start = aigc__now();
        if (aigc_weights_open(&weights, context, path, NULL) != AIGC_OK) {
            fprintf(stderr, "%s\n", aigc_last_error());
            return 1;
        }
        const double opened = aigc__now();
        const uint64_t bytes = read_selected(weights, select, tensors, &n);
        const double read = aigc__now();
        aigc_context_memory(context, NULL, &peak);
        aigc_weights_info(weights, NULL, &count, NULL, NULL);
        printf("{\"bench\":\"weights\",\"tensors\":%llu,\"read\":%zu,\"open_ms\":%.2f,\"mb\":%.1f,\"gb_per_s\":%.2f,"
               "\"memory_beside_kib\":%.0f,\"peak_rss_mib\":%.0f}\n",
               (unsigned long long)count, n, 1e3 * (opened - start), (double)bytes / 1e6,
               (double)bytes / 1e9 / (read - opened), ((double)peak - (double)idle - (double)bytes) / 1024,
               bench_peak_rss());
        for (size_t i = 0; i < n; i++) aigc_tensor_release(tensors[i]);
        aigc_weights_free(weights);
    }
    aigc_options_free(options);
    aigc_context_free(context);
    return 0;
}
