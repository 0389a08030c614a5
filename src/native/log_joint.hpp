// The log of each component's weighted density for a block of rows.
#pragma once

#include "quadratic.hpp"

namespace gaussmix {
namespace GAUSSMIX_ISA {

// -inf where the distance overflowed, be it to inf or, as inf - inf, to NaN.
GAUSSMIX_INLINE Vector log_joint_of(Vector log_constant, Vector squared_distance) {
  return maximum(log_constant - squared_distance * 0.5, broadcast(-INFINITE));
}

// FEATURES is the number of features where that is known when compiling, else 0.

template <int FEATURES>
inline void log_joint_full_small(const Density& density, ptrdiff_t K, ptrdiff_t tiles, const double* z,
                                 double* joint) {
  constexpr int D = FEATURES;
  constexpr int STEP = 2;
  for (ptrdiff_t k = 0; k < K; ++k) {
    const double* mean = density.means + k * D;
    const double* factor = density.factor + k * D * D;
    const Vector log_constant = broadcast(density.log_constants[k]);
    for (ptrdiff_t t = 0; t < tiles; ++t) {
      const double* x = z + t * D * TILE;
      double* out = joint + (t * K + k) * TILE;
      GAUSSMIX_UNROLL for (int v = 0; v < VECTORS; v += STEP) {
        Vector d[STEP][D], q[STEP] = {};
        GAUSSMIX_UNROLL for (int i = 0; i < D; ++i) {
          Vector sum[STEP] = {};
          const Vector m = broadcast(mean[i]);
          GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) d[p][i] = load(x + i * TILE + (v + p) * WIDTH) - m;
          GAUSSMIX_UNROLL for (int j = 0; j <= i; ++j) {
            const Vector a = broadcast(factor[i * D + j]);
            GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) sum[p] += a * d[p][j];
          }
          GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) q[p] += sum[p] * sum[p];
        }
        GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p)
          store(out + (v + p) * WIDTH, log_joint_of(log_constant, q[p]));
      }
    }
  }
}

template <int FEATURES>
inline void log_joint_full(const Density& density, const Layout& l, const double* packed, ptrdiff_t tiles,
                           const double* z, double* joint, double* difference) {
  const ptrdiff_t D = FEATURES ? FEATURES : l.features, K = l.components;
  for (ptrdiff_t k = 0; k < K; ++k) {
    const double* mean = density.means + k * D;
    const double* factor = packed + l.factor + k * l.factor_stride;
    const Vector log_constant = broadcast(density.log_constants[k]);
    for (ptrdiff_t t = 0; t < tiles; ++t) {
      const double* x = z + t * D * TILE;
      for (ptrdiff_t j = 0; j < D; ++j)
        GAUSSMIX_UNROLL for (int v = 0; v < VECTORS; ++v)
          store(difference + j * TILE + v * WIDTH, load(x + j * TILE + v * WIDTH) - mean[j]);
      double* out = joint + (t * K + k) * TILE;
      for (int v = 0; v < VECTORS; v += POINTS) {
        SumOfSquares squares = {};
        multiply(factor, difference + v * WIDTH, D, squares);
        GAUSSMIX_UNROLL for (int p = 0; p < POINTS; ++p)
          store(out + (v + p) * WIDTH, log_joint_of(log_constant, squares.sum[p]));
      }
    }
  }
}

inline void whiten(const double* packed, const Layout& l, ptrdiff_t tiles, const double* z, double* whitened) {
  for (ptrdiff_t t = 0; t < tiles; ++t)
    for (int v = 0; v < VECTORS; v += POINTS) {
      StoredProduct product = {whitened + t * l.features * TILE + v * WIDTH};
      multiply(packed + l.factor, z + t * l.features * TILE + v * WIDTH, l.features, product);
    }
}

// What is measured along each axis: a factor a feature, or (WHITE) nothing but the difference.
template <int FEATURES, bool WHITE>
inline void log_joint_axes(const double* log_constants, const double* centers, const double* factor,
                           const double* scalar, ptrdiff_t D, ptrdiff_t K, ptrdiff_t tiles, const double* z,
                           double* joint) {
  if (FEATURES) D = FEATURES;
  constexpr int STEP = VECTORS < 4 ? VECTORS : 4;
  for (ptrdiff_t k = 0; k < K; ++k) {
    const double* center = centers + k * D;
    const double* f = WHITE ? nullptr : factor + k * D;
    const Vector log_constant = broadcast(log_constants[k]);
    // Not scale**2, which may overflow where the distance does not.
    const Vector scale = broadcast(scalar ? scalar[k] : 1.0);
    for (ptrdiff_t t = 0; t < tiles; ++t) {
      const double* x = z + t * D * TILE;
      double* out = joint + (t * K + k) * TILE;
      GAUSSMIX_UNROLL for (int v = 0; v < VECTORS; v += STEP) {
        Vector q[STEP] = {};
        for (ptrdiff_t j = 0; j < D; ++j) {
          const Vector m = broadcast(center[j]);
          const Vector a = WHITE ? m : broadcast(f[j]);
          GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) {
            Vector d = load(x + j * TILE + (v + p) * WIDTH) - m;
            if (!WHITE) d = d * a;
            q[p] += d * d;
          }
        }
        GAUSSMIX_UNROLL for (int p = 0; p < STEP; ++p) {
          if (WHITE) q[p] = q[p] * scale * scale;
          store(out + (v + p) * WIDTH, log_joint_of(log_constant, q[p]));
        }
      }
    }
  }
}

template <int FEATURES>
inline void log_joint_of_form(const Task& task, const Layout& l, const double* packed, ptrdiff_t tiles,
                              double* scratch) {
  const Density& density = task.density;
  const double* z = scratch + l.z;
  double* joint = scratch + l.joint;
  const ptrdiff_t D = l.features, K = l.components;
  switch (density.form) {
    case Form::full:
      if constexpr (FEATURES > 0 && FEATURES <= UNROLLED_FEATURES)
        log_joint_full_small<FEATURES>(density, K, tiles, z, joint);
      else
        log_joint_full<FEATURES>(density, l, packed, tiles, z, joint, scratch + l.difference);
      break;
    case Form::shared:
      whiten(packed, l, tiles, z, scratch + l.whitened);
      log_joint_axes<FEATURES, true>(density.log_constants, packed + l.whitened_means, nullptr, nullptr, D, K,
                                     tiles, scratch + l.whitened, joint);
      break;
    case Form::diagonal:
      log_joint_axes<FEATURES, false>(density.log_constants, density.means, density.factor, nullptr, D, K, tiles,
                                      z, joint);
      break;
    case Form::scalar:
      log_joint_axes<FEATURES, true>(density.log_constants, density.means, nullptr, density.factor, D, K, tiles,
                                     z, joint);
      break;
  }
}

}  // namespace GAUSSMIX_ISA
}  // namespace gaussmix
