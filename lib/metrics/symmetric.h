/* Symmetric matrices in double precision, [n,n] row-major, of which the lower triangle is read. */
#ifndef AIGC_METRICS_SYMMETRIC_H
#define AIGC_METRICS_SYMMETRIC_H

#include "base/failure.h"

/* In place, S = L L^T with L lower triangular, the rest of it zeros. S has no negative eigenvalues but may have zeros:
 * a column whose pivot is below 1e-12 of the greatest is zero. */
void aigc__cholesky(double *s, size_t n);

/* Eigenvalues, in no order. Overwrites the matrix; `work` has room for n numbers. AIGC_ERROR_NUMERIC where they
 * cannot be found, as of NaN. */
aigc_status_t aigc__symmetric_eigenvalues(double *s, size_t n, double *values, double *work);

#endif
