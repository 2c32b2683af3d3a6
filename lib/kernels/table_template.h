/* The rows of a level's table, inside the initialiser of its aigc__kernels_t. */
.map = {
#define MAP(name, inputs, ulp) [AIGC__MAP_##name] = map_##name,
#include "kernels/elementwise.def"
#undef MAP
},
#define KERNEL(type, name, parameters) .name = name,
#include "kernels/kernels.def"
#undef KERNEL
