// The Python face of the engine: checks arrays, releases the interpreter, calls.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <vector>

#include "dispatch.hpp"
#include "em.hpp"
#include "engine.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Table = nb::ndarray<nb::ro, nb::ndim<2>, nb::device::cpu>;
using Column = nb::ndarray<const double, nb::ndim<1>, nb::device::cpu>;
using Array = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;
using Bounds = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Result = nb::ndarray<double, nb::c_contig, nb::device::cpu>;
using Flags = nb::ndarray<bool, nb::c_contig, nb::device::cpu>;
using Labels = nb::ndarray<int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

template <typename A>
void require_shape(const A& array, const char* name, std::vector<size_t> shape) {
  bool same = array.ndim() == shape.size();
  for (size_t i = 0; same && i < shape.size(); ++i) same = array.shape(i) == shape[i];
  if (same) return;
  std::string message = std::string(name) + " must have shape (";
  for (size_t n : shape) message += std::to_string(n) + ",";
  message += ") and has (";
  for (size_t i = 0; i < array.ndim(); ++i) message += std::to_string(array.shape(i)) + ",";
  throw nb::value_error((message + ")").c_str());
}

const gaussmix::Kernels& kernels_called(const std::string& name) {
  std::string names;
  for (const gaussmix::Kernels* kernels : gaussmix::available_kernels()) {
    if (name == kernels->name) return *kernels;
    names += std::string(names.empty() ? "" : ", ") + kernels->name;
  }
  throw std::runtime_error("instruction set '" + name + "' is not available on this processor; available: " + names);
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const gaussmix::Kernels* kernels : gaussmix::available_kernels()) names.push_back(kernels->name);
  return names;
}

gaussmix::Rows checked_rows(const Table& X, const Array& shift, const Array& scale, const Column& weight) {
  gaussmix::Rows rows = {};
  if (X.dtype() != nb::dtype<double>() && X.dtype() != nb::dtype<float>())
    throw nb::value_error("X must be of type float64 or float32");
  rows.x = X.data();
  rows.single_precision = X.dtype() == nb::dtype<float>();
  rows.n_rows = int64_t(X.shape(0));
  rows.row_stride = X.stride(0);
  rows.column_stride = X.stride(1);
  rows.shift = shift.data();
  rows.scale = scale.data();
  if (weight.is_valid()) {
    require_shape(weight, "sample_weight", {X.shape(0)});
    rows.weight = weight.data();
    rows.weight_stride = weight.stride(0);
    // An empty array has no address, which must not read as "no weights".
    if (X.shape(0) == 0) rows.weight = nullptr;
  }
  return rows;
}

gaussmix::Task checked_task(const Table& X, const Array& shift, const Array& scale, const Column& weight,
                            const Array& log_constants, const Array& means, const Array& factor, int form) {
  gaussmix::Task task = {};
  if (means.ndim() != 2 || means.shape(0) == 0 || means.shape(1) == 0)
    throw nb::value_error("means must have shape (K, D), neither of them zero");
  const size_t D = X.shape(1), K = means.shape(0);
  require_shape(means, "means", {K, D});
  require_shape(shift, "shift", {D});
  require_shape(scale, "scale", {D});
  require_shape(log_constants, "log_constants", {K});
  switch (gaussmix::Form(form)) {
    case gaussmix::Form::full: require_shape(factor, "factor", {K, D, D}); break;
    case gaussmix::Form::shared: require_shape(factor, "factor", {D, D}); break;
    case gaussmix::Form::diagonal: require_shape(factor, "factor", {K, D}); break;
    case gaussmix::Form::scalar: require_shape(factor, "factor", {K}); break;
    default: throw nb::value_error("form is none of FactorForm");
  }
  task.n_features = ptrdiff_t(D);
  task.n_components = ptrdiff_t(K);
  task.rows = checked_rows(X, shift, scale, weight);
  task.density.log_constants = log_constants.data();
  task.density.means = means.data();
  task.density.factor = factor.data();
  task.density.form = gaussmix::Form(form);
  return task;
}

nb::tuple expect(const Table& X, const Array& shift, const Array& scale, const Column& sample_weight,
                 const Array& log_constants, const Array& means, const Array& factor, int form, int moments,
                 const Result& counts, const Result& first, const Result& second, int n_threads,
                 const std::string& instruction_set) {
  gaussmix::Task task = checked_task(X, shift, scale, sample_weight, log_constants, means, factor, form);
  const size_t D = X.shape(1), K = means.shape(0);
  require_shape(counts, "counts", {K});
  require_shape(first, "first", {K, D});
  task.moments = gaussmix::Moments(moments);
  switch (task.moments) {
    case gaussmix::Moments::none: require_shape(second, "second", {0}); break;
    case gaussmix::Moments::full: require_shape(second, "second", {K, D, D}); break;
    case gaussmix::Moments::pooled: require_shape(second, "second", {D, D}); break;
    case gaussmix::Moments::diagonal: require_shape(second, "second", {K, D}); break;
    case gaussmix::Moments::trace: require_shape(second, "second", {K}); break;
    default: throw nb::value_error("moments is none of Moments");
  }
  gaussmix::Statistics statistics = {counts.data(), first.data(), second.data(), 0.0, 0.0};
  const gaussmix::Kernels& kernels = kernels_called(instruction_set);
  {
    nb::gil_scoped_release release;
    gaussmix::run_expect(kernels, task, n_threads, &statistics);
  }
  return nb::make_tuple(statistics.log_likelihood, statistics.total_weight);
}

// The number of elements of one mixture's array in a stack of them.
ptrdiff_t stacked_size(const Array& stack, size_t n_mixtures) { return ptrdiff_t(stack.size() / n_mixtures); }

// Rows begin to end of a table of n_rows.
gaussmix::Rows range_of(const gaussmix::Rows& all, size_t n_rows, int64_t begin, int64_t end) {
  if (begin < 0 || end < begin || end > int64_t(n_rows)) throw nb::value_error("begins and ends must be row numbers");
  const ptrdiff_t bytes = all.single_precision ? sizeof(float) : sizeof(double);
  gaussmix::Rows rows = all;
  rows.n_rows = end - begin;
  rows.x = static_cast<const char*>(all.x) + begin * all.row_stride * bytes;
  if (all.weight) rows.weight = all.weight + begin * all.weight_stride;
  return rows;
}

void expect_each(const Table& X, const Array& shift, const Array& scale, const Column& sample_weight,
                 const Bounds& begins, const Bounds& ends, const Array& log_constants, const Array& means,
                 const Array& factor, int form, int moments, const Result& counts, const Result& first,
                 const Result& second, const Result& log_likelihoods, const Result& total_weights, int n_threads,
                 const std::string& instruction_set) {
  if (means.ndim() != 3 || means.shape(0) == 0 || means.shape(1) == 0 || means.shape(2) == 0)
    throw nb::value_error("means must have shape (S, K, D), none of them zero");
  const size_t N = X.shape(0), D = X.shape(1), S = means.shape(0), K = means.shape(1);
  require_shape(means, "means", {S, K, D});
  require_shape(shift, "shift", {D});
  require_shape(scale, "scale", {D});
  require_shape(log_constants, "log_constants", {S, K});
  switch (gaussmix::Form(form)) {
    case gaussmix::Form::full: require_shape(factor, "factor", {S, K, D, D}); break;
    case gaussmix::Form::shared: require_shape(factor, "factor", {S, D, D}); break;
    case gaussmix::Form::diagonal: require_shape(factor, "factor", {S, K, D}); break;
    case gaussmix::Form::scalar: require_shape(factor, "factor", {S, K}); break;
    default: throw nb::value_error("form is none of FactorForm");
  }
  require_shape(counts, "counts", {S, K});
  require_shape(first, "first", {S, K, D});
  switch (gaussmix::Moments(moments)) {
    case gaussmix::Moments::none: require_shape(second, "second", {S, 0}); break;
    case gaussmix::Moments::full: require_shape(second, "second", {S, K, D, D}); break;
    case gaussmix::Moments::pooled: require_shape(second, "second", {S, D, D}); break;
    case gaussmix::Moments::diagonal: require_shape(second, "second", {S, K, D}); break;
    case gaussmix::Moments::trace: require_shape(second, "second", {S, K}); break;
    default: throw nb::value_error("moments is none of Moments");
  }
  require_shape(log_likelihoods, "log_likelihoods", {S});
  require_shape(total_weights, "total_weights", {S});
  require_shape(begins, "begins", {S});
  require_shape(ends, "ends", {S});
  const gaussmix::Rows all = checked_rows(X, shift, scale, sample_weight);
  std::vector<gaussmix::Task> tasks(S);
  std::vector<gaussmix::Statistics> statistics(S);
  for (size_t s = 0; s < S; ++s) {
    gaussmix::Task& task = tasks[s];
    task.rows = range_of(all, N, begins.data()[s], ends.data()[s]);
    task.n_features = ptrdiff_t(D);
    task.n_components = ptrdiff_t(K);
    task.moments = gaussmix::Moments(moments);
    task.density.form = gaussmix::Form(form);
    task.density.log_constants = log_constants.data() + s * K;
    task.density.means = means.data() + s * K * D;
    task.density.factor = factor.data() + ptrdiff_t(s) * stacked_size(factor, S);
    statistics[s] = {counts.data() + s * K, first.data() + s * K * D,
                     second.data() + s * (second.size() / S), 0.0, 0.0};
  }
  const gaussmix::Kernels& kernels = kernels_called(instruction_set);
  {
    nb::gil_scoped_release release;
    gaussmix::run_expect_each(kernels, tasks, n_threads, statistics.data());
  }
  for (size_t s = 0; s < S; ++s) {
    log_likelihoods.data()[s] = statistics[s].log_likelihood;
    total_weights.data()[s] = statistics[s].total_weight;
  }
}

// The shape of stacked covariances of a family; refuses forms and moments that are not the family's.
std::vector<size_t> shape_of_covariances(int family, int form, int moments, size_t S, size_t K, size_t D) {
  using gaussmix::Family;
  using gaussmix::Form;
  using gaussmix::Moments;
  if (family < 0 || family >= gaussmix::N_FAMILIES) throw nb::value_error("family is none of those with an M-step here");
  const auto is = [&](Form one, Moments other) { return Form(form) == one && Moments(moments) == other; };
  switch (Family(family)) {
    case Family::EII:
    case Family::VII:
      if (is(Form::scalar, Moments::trace)) return {S, K};
      break;
    case Family::EEI:
    case Family::VEI:
    case Family::EVI:
    case Family::VVI:
      if (is(Form::diagonal, Moments::diagonal)) return {S, K, D};
      break;
    case Family::EEE:
      if (is(Form::shared, Moments::pooled)) return {S, D, D};
      break;
    default:
      if (is(Form::full, Moments::full)) return {S, K, D, D};
  }
  throw nb::value_error("form and moments are not those of the family");
}

// The arrays of mixtures hold the starts, and where the runs ended; what each run says of itself is filled in.
void run_em_each(const Table& X, const Array& shift, const Array& scale, const Column& sample_weight,
                 const Bounds& begins, const Bounds& ends, const Result& weights, const Result& means,
                 const Result& covariances, const Result& factor, const Flags& repaired, int family, int form,
                 int moments, const Array& floor, int64_t max_iter, double tol, bool accelerate, const Result& counts,
                 const Result& first, const Result& second, const Result& log_likelihoods,
                 const Result& total_weights, const Result& gains, const Result& rates, const Labels& n_iters,
                 const Flags& converged, const Flags& left, int n_threads, const std::string& instruction_set) {
  if (means.ndim() != 3 || means.shape(0) == 0 || means.shape(1) == 0 || means.shape(2) == 0)
    throw nb::value_error("means must have shape (S, K, D), none of them zero");
  const size_t N = X.shape(0), D = X.shape(1), S = means.shape(0), K = means.shape(1);
  const std::vector<size_t> shape = shape_of_covariances(family, form, moments, S, K, D);
  require_shape(means, "means", {S, K, D});
  require_shape(shift, "shift", {D});
  require_shape(scale, "scale", {D});
  require_shape(floor, "floor", {D});
  require_shape(weights, "weights", {S, K});
  require_shape(covariances, "covariances", shape);
  require_shape(factor, "factor", shape);
  require_shape(repaired, "repaired", {S, K});
  require_shape(counts, "counts", {S, K});
  require_shape(first, "first", {S, K, D});
  require_shape(second, "second", shape);
  for (const Result* one : {&log_likelihoods, &total_weights, &gains, &rates}) require_shape(*one, "results", {S});
  require_shape(n_iters, "n_iters", {S});
  require_shape(converged, "converged", {S});
  require_shape(left, "left", {S});
  require_shape(begins, "begins", {S});
  require_shape(ends, "ends", {S});
  const gaussmix::Rows all = checked_rows(X, shift, scale, sample_weight);
  const size_t size = factor.size() / S;
  std::vector<gaussmix::Run> runs(S);
  for (size_t s = 0; s < S; ++s) {
    gaussmix::Run& run = runs[s];
    run.task.rows = range_of(all, N, begins.data()[s], ends.data()[s]);
    run.task.n_features = ptrdiff_t(D);
    run.task.n_components = ptrdiff_t(K);
    run.task.moments = gaussmix::Moments(moments);
    run.task.density.form = gaussmix::Form(form);
    run.mixture = {weights.data() + s * K, means.data() + s * K * D, covariances.data() + s * size,
                   factor.data() + s * size, repaired.data() + s * K, nullptr};
    run.statistics = {counts.data() + s * K, first.data() + s * K * D, second.data() + s * size, 0.0, 0.0};
  }
  const gaussmix::Kernels& kernels = kernels_called(instruction_set);
  {
    nb::gil_scoped_release release;
    gaussmix::run_em_each(kernels, runs, {gaussmix::Family(family), floor.data(), max_iter, tol, accelerate}, n_threads);
  }
  for (size_t s = 0; s < S; ++s) {
    log_likelihoods.data()[s] = runs[s].statistics.log_likelihood;
    total_weights.data()[s] = runs[s].statistics.total_weight;
    gains.data()[s] = runs[s].gain;
    rates.data()[s] = runs[s].rate;
    n_iters.data()[s] = runs[s].n_iter;
    converged.data()[s] = runs[s].converged;
    left.data()[s] = runs[s].left;
  }
}

void evaluate(const Table& X, const Array& shift, const Array& scale, const Array& log_constants,
              const Array& means, const Array& factor, int form, double log_jacobian, const Result& log_density,
              const Labels& label, const Result& probability, const Result& responsibilities, int n_threads,
              const std::string& instruction_set) {
  const gaussmix::Task task = checked_task(X, shift, scale, Column(), log_constants, means, factor, form);
  const size_t N = X.shape(0), K = means.shape(0);
  gaussmix::Outputs out = {};
  out.log_jacobian = log_jacobian;
  if (log_density.is_valid()) {
    require_shape(log_density, "log_density", {N});
    out.log_density = log_density.data();
  }
  if (label.is_valid()) {
    require_shape(label, "label", {N});
    out.label = label.data();
  }
  if (probability.is_valid()) {
    require_shape(probability, "probability", {N});
    out.probability = probability.data();
  }
  if (responsibilities.is_valid()) {
    require_shape(responsibilities, "responsibilities", {N, K});
    out.responsibilities = responsibilities.data();
  }
  const gaussmix::Kernels& kernels = kernels_called(instruction_set);
  nb::gil_scoped_release release;
  gaussmix::run_evaluate(kernels, task, n_threads, out);
}

gaussmix::Task task_of_centers(const Table& X, const Array& shift, const Array& scale, const Column& sample_weight,
                               const Array& zeros, const Array& centers, const Array& ones) {
  return checked_task(X, shift, scale, sample_weight, zeros, centers, ones, int(gaussmix::Form::scalar));
}

void distances(const Table& X, const Array& shift, const Array& scale, const Column& sample_weight,
               const Array& zeros, const Array& centers, const Array& ones, const Array& bound, const Result& result,
               const Result& sums, int n_threads, const std::string& instruction_set) {
  const gaussmix::Task task = task_of_centers(X, shift, scale, sample_weight, zeros, centers, ones);
  require_shape(bound, "bound", {X.shape(0)});
  if (result.is_valid()) require_shape(result, "distances", {centers.shape(0), X.shape(0)});
  require_shape(sums, "sums", {centers.shape(0)});
  const gaussmix::Kernels& kernels = kernels_called(instruction_set);
  nb::gil_scoped_release release;
  gaussmix::run_distances(kernels, task, n_threads, bound.data(), result.is_valid() ? result.data() : nullptr,
                          sums.data());
}

void assign(const Table& X, const Array& shift, const Array& scale, const Column& sample_weight, const Array& zeros,
            const Array& centers, const Array& ones, const Result& sums, int n_threads,
            const std::string& instruction_set) {
  const gaussmix::Task task = task_of_centers(X, shift, scale, sample_weight, zeros, centers, ones);
  require_shape(sums, "sums", {centers.shape(0) * (centers.shape(1) + 1)});
  const gaussmix::Kernels& kernels = kernels_called(instruction_set);
  nb::gil_scoped_release release;
  gaussmix::run_assign(kernels, task, n_threads, sums.data());
}

int64_t whitening_factors(const Array& matrices, const Result& factors, const std::string& instruction_set) {
  if (matrices.ndim() != 3 || matrices.shape(1) != matrices.shape(2))
    throw nb::value_error("matrices must have shape (M, D, D)");
  require_shape(factors, "factors", {matrices.shape(0), matrices.shape(1), matrices.shape(1)});
  const gaussmix::Kernels& kernels = kernels_called(instruction_set);
  nb::gil_scoped_release release;
  return gaussmix::run_whitening(kernels, matrices.data(), int64_t(matrices.shape(0)), ptrdiff_t(matrices.shape(1)),
                                 factors.data());
}

void each(bool logarithm, const Array& x, const Result& y, const std::string& instruction_set) {
  require_shape(y, "y", {x.size()});
  const gaussmix::Kernels& kernels = kernels_called(instruction_set);
  (logarithm ? kernels.log : kernels.exp)(x.data(), y.data(), ptrdiff_t(x.size()));
}

}  // namespace

void bind_hierarchical(nb::module_& m);

NB_MODULE(_native, m) {
  m.doc() = "Kernels of gaussmix. Internal: use gaussmix.backends.NativeBackend.";
  m.def("instruction_sets", &instruction_sets, "Names of what this processor can run, slowest first.");
  m.def("expect", &expect, "X"_a.noconvert(), "shift"_a, "scale"_a, "sample_weight"_a.none(), "log_constants"_a,
        "means"_a, "factor"_a, "form"_a, "moments"_a, "counts"_a.noconvert(), "first"_a.noconvert(),
        "second"_a.noconvert(), "n_threads"_a, "instruction_set"_a,
        "Fill sufficient statistics; return log-likelihood and total weight.");
  m.def("expect_each", &expect_each, "X"_a.noconvert(), "shift"_a, "scale"_a, "sample_weight"_a.none(), "begins"_a,
        "ends"_a, "log_constants"_a, "means"_a, "factor"_a, "form"_a, "moments"_a, "counts"_a.noconvert(),
        "first"_a.noconvert(), "second"_a.noconvert(), "log_likelihoods"_a.noconvert(),
        "total_weights"_a.noconvert(), "n_threads"_a, "instruction_set"_a,
        "Fill sufficient statistics of several mixtures, each of a range of the rows.");
  m.def("run_em_each", &run_em_each, "X"_a.noconvert(), "shift"_a, "scale"_a, "sample_weight"_a.none(), "begins"_a,
        "ends"_a, "weights"_a.noconvert(), "means"_a.noconvert(), "covariances"_a.noconvert(),
        "factor"_a.noconvert(), "repaired"_a.noconvert(), "family"_a, "form"_a, "moments"_a, "floor"_a, "max_iter"_a, "tol"_a,
        "accelerate"_a, "counts"_a.noconvert(), "first"_a.noconvert(), "second"_a.noconvert(), "log_likelihoods"_a.noconvert(),
        "total_weights"_a.noconvert(), "gains"_a.noconvert(), "rates"_a.noconvert(), "n_iters"_a.noconvert(),
        "converged"_a.noconvert(), "left"_a.noconvert(), "n_threads"_a, "instruction_set"_a,
        "Run EM on several mixtures, each on a range of the rows, in place.");
  m.def("evaluate", &evaluate, "X"_a.noconvert(), "shift"_a, "scale"_a, "log_constants"_a, "means"_a, "factor"_a,
        "form"_a, "log_jacobian"_a, "log_density"_a.noconvert().none(), "label"_a.noconvert().none(),
        "probability"_a.noconvert().none(), "responsibilities"_a.noconvert().none(), "n_threads"_a,
        "instruction_set"_a, "Fill what is asked for of each row.");
  m.def("distances", &distances, "X"_a.noconvert(), "shift"_a, "scale"_a, "sample_weight"_a.none(), "zeros"_a,
        "centers"_a, "ones"_a, "bound"_a, "distances"_a.noconvert().none(), "sums"_a.noconvert(), "n_threads"_a,
        "instruction_set"_a, "Fill squared distances from centres, or the bound where that is less, and their sums over rows.");
  m.def("assign", &assign, "X"_a.noconvert(), "shift"_a, "scale"_a, "sample_weight"_a.none(), "zeros"_a, "centers"_a,
        "ones"_a, "sums"_a.noconvert(), "n_threads"_a, "instruction_set"_a,
        "Fill the sums of the rows nearest to each centre.");
  m.def("whitening_factors", &whitening_factors, "matrices"_a.noconvert(), "factors"_a.noconvert(), "instruction_set"_a,
        "Fill the inverses of the matrices' Cholesky factors; return how many could be filled before one that is not "
        "positive definite.");
  m.def(
      "exp", [](const Array& x, const Result& y, const std::string& set) { each(false, x, y, set); }, "x"_a,
      "y"_a.noconvert(), "instruction_set"_a, "The kernels' exp, element by element.");
  m.def(
      "log", [](const Array& x, const Result& y, const std::string& set) { each(true, x, y, set); }, "x"_a,
      "y"_a.noconvert(), "instruction_set"_a, "The kernels' log, element by element.");
  bind_hierarchical(m);
}
