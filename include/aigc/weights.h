/** @file
 *  Weights from elsewhere: what files of PyTorch, NumPy and safetensors hold, read without running any of it. */
#ifndef AIGC_WEIGHTS_H
#define AIGC_WEIGHTS_H

#include <aigc/tensor.h>

AIGC_BEGIN_DECLS

/** An opened file of weights; made by aigc_weights_open(). */
typedef struct aigc_weights aigc_weights_t;

/** Limits of weights. */
enum {
    AIGC_WEIGHTS_MAX_RANK = 8 /**< most dimensions that are listed; tensors, and so what is read, have #AIGC_MAX_RANK */
};

/** A tensor in a file. */
typedef struct aigc_weights_entry {
    size_t struct_size;  /**< sizeof(aigc_weights_entry_t), set by the caller */
    const char *name;    /**< the way to it, joined by dots: "state_dict.fc1.weight"; the weights' own */
    const char *element; /**< how the file has its numbers, as safetensors calls it: "F32", "BF16", "BOOL", ...; static */
    aigc_dtype_t dtype;  /**< what reading gives by itself; 0: tensors have nothing like it, it can only be converted */
    uint32_t rank;       /**< 0..8 */
    int64_t shape[AIGC_WEIGHTS_MAX_RANK]; /**< of `rank` numbers */
    uint64_t count;      /**< elements */
    uint64_t storage;    /**< equal numbers: these tensors share their numbers in the file */
} aigc_weights_entry_t;

/** Something else a file says: a hyper-parameter, a counter, a line of a header. */
typedef struct aigc_weights_value {
    size_t struct_size; /**< sizeof(aigc_weights_value_t), set by the caller */
    const char *name;   /**< as that of a tensor */
    const char *type;   /**< "int", "float", "bool", "string", "none", or "list": that many plain values, not told singly */
    int64_t integer;    /**< of an int or bool; of a list how many */
    double real;        /**< of a float or int */
    const char *text;   /**< the string; of the others the value as text. Borrowed until the next call on the weights */
} aigc_weights_value_t;

/** Open a file of weights and list what it holds. What it is shows in its content: PyTorch's archives and older streams
 *  (.pt, .pth, .ckpt, .bin), pickles with tensors or arrays in them, .safetensors, an .index.json with its shards, .npz,
 *  .npy. A pickle is data here: nothing in it is imported or executed, and what would be is told by
 *  aigc_weights_opaque().
 *  @param options  verb "weights": strict (opaque values are an error)
 *  @return AIGC_OK; AIGC_ERROR_IO; AIGC_ERROR_CORRUPT; AIGC_ERROR_UNSUPPORTED: another kind of file, which the sentence
 *          names as far as it is known, or strict and opaque values; AIGC_ERROR_LIMIT; AIGC_ERROR_MEMORY
 *  No numbers are read yet, and the file stays open. The caller frees with aigc_weights_free(). Since 0.4. */
AIGC_API aigc_status_t aigc_weights_open(aigc_weights_t **out, aigc_context_t *context, const char *path,
                                         const aigc_options_t *options);

/** Close the file; tensors that were read stay. NULL is fine. Since 0.4. */
AIGC_API void aigc_weights_free(aigc_weights_t *weights);

/** What kind of file it is ("torch zip", "torch stream", "pickle", "safetensors", "safetensors index", "npz", "npy"),
 *  and how much of each there is. Any pointer may be NULL. Since 0.4. */
AIGC_API aigc_status_t aigc_weights_info(const aigc_weights_t *weights, const char **format, uint64_t *tensors,
                                         uint64_t *values, uint64_t *opaque);

/** Tensor `index`, in the file's order.
 *  @return AIGC_OK; AIGC_ERROR_NOT_FOUND past the last. Since 0.4. */
AIGC_API aigc_status_t aigc_weights_tensor(const aigc_weights_t *weights, uint64_t index, aigc_weights_entry_t *out);

/** Where the tensor of this name is.
 *  @return AIGC_OK; AIGC_ERROR_NOT_FOUND. Since 0.4. */
AIGC_API aigc_status_t aigc_weights_find(const aigc_weights_t *weights, const char *name, uint64_t *index);

/** Read one tensor, dense and row-major.
 *  @param name   as listed; NULL where the file has one tensor
 *  @param dtype  what its numbers become, or 0: what the file has, or else the nearest that tensors have (f64 and 8-bit
 *                floats become f32; i8, i16, u16 and booleans i32; u32 and u64 i64). Numbers stay numbers: unlike
 *                aigc_tensor_convert() it does not take u8 for brightness.
 *  @return AIGC_OK; AIGC_ERROR_NOT_FOUND; AIGC_ERROR_UNSUPPORTED: complex, or more than six dimensions, or a number that
 *          i64 cannot hold; AIGC_ERROR_IO; AIGC_ERROR_CORRUPT; AIGC_ERROR_MEMORY; AIGC_ERROR_LIMIT. Since 0.4. */
AIGC_API aigc_status_t aigc_weights_read(aigc_tensor_t **out, aigc_weights_t *weights, const char *name,
                                         aigc_dtype_t dtype);

/** Value `index`, in the file's order.
 *  @return AIGC_OK; AIGC_ERROR_NOT_FOUND past the last. Since 0.4. */
AIGC_API aigc_status_t aigc_weights_value(aigc_weights_t *weights, uint64_t index, aigc_weights_value_t *out);

/** Opaque value `index`: something that Python would make by calling what stands in the file. Nobody calls it here.
 *  @param name  where it is, "" where it is only a part of others; borrowed as that of a tensor
 *  @param call  what would be called: "os.system". Either pointer may be NULL.
 *  @return AIGC_OK; AIGC_ERROR_NOT_FOUND past the last. Since 0.4. */
AIGC_API aigc_status_t aigc_weights_opaque(const aigc_weights_t *weights, uint64_t index, const char **name,
                                           const char **call);

/** Write the tensors to another file, whole or not at all, by the path's suffix: .safetensors, .npz, or .pt, .pth, .ckpt
 *  or .bin: PyTorch's archive of a state dict, which torch.load(path, weights_only=True) reads. Numbers, shapes and names
 *  are kept to the bit; tensors with the same numbers share them where the format can.
 *  @param options  verb "convert": select, rename, dtype
 *  @return AIGC_OK; AIGC_ERROR_UNSUPPORTED: an element type that the format does not have; AIGC_ERROR_ARGUMENT: another
 *          suffix, or two tensors of one name; AIGC_ERROR_NOT_FOUND: nothing is selected; ... Since 0.4. */
AIGC_API aigc_status_t aigc_weights_write(aigc_weights_t *weights, const char *path, const aigc_options_t *options);

AIGC_END_DECLS

#endif
