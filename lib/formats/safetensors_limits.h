/* Limits of a safetensors file, kept by reader and writer alike. */
#ifndef AIGC_FORMATS_SAFETENSORS_LIMITS_H
#define AIGC_FORMATS_SAFETENSORS_LIMITS_H

enum {
    AIGC__SAFETENSORS_HEADER = 100000000, /* bytes of JSON, as the reference implementation has it */
    AIGC__SAFETENSORS_MOST = 1 << 20,     /* tensors, and pairs of metadata */
    AIGC__SAFETENSORS_NAME = 1024,        /* bytes of a tensor's name */
    AIGC__SAFETENSORS_DEPTH = 4           /* levels of JSON */
};

#endif
