// Linear algebra of single small matrices, in plain loops. Matrices are (D, D) by rows.
#pragma once

#include <stddef.h>

#include <vector>

namespace gaussmix {

bool all_finite(const double* numbers, ptrdiff_t size);

// Puts the Cholesky factor of a matrix in the place of its lower triangle; false if it has none.
bool cholesky_in_place(double* matrix, ptrdiff_t D);

// Eigenvalues of a symmetric matrix, ascending, and eigenvectors as the columns of a matrix.
class SymmetricEigen {
 public:
  explicit SymmetricEigen(ptrdiff_t D) : D_(D), work_(size_t(D * D)), rotated_(size_t(D * D)), order_(size_t(D)) {}

  // Jacobi's method by rows (Golub and Van Loan, Matrix Computations, section 8.5).
  void operator()(const double* matrix, double* values, double* vectors);

 private:
  ptrdiff_t D_;
  std::vector<double> work_, rotated_;
  std::vector<ptrdiff_t> order_;
};

}  // namespace gaussmix
