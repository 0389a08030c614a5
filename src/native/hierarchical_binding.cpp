// The Python face of agglomerative clustering.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <new>
#include <string>

#include "dispatch.hpp"
#include "hierarchical.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

using Numbers = nb::ndarray<const double, nb::c_contig, nb::device::cpu>;
using Costs = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Nodes = nb::ndarray<int64_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

template <typename T>
class Memory {
 public:
  explicit Memory(ptrdiff_t size)
      : data_(static_cast<T*>(::operator new(size_t(size) * sizeof(T), std::align_val_t(64)))) {}
  Memory(const Memory&) = delete;
  ~Memory() { ::operator delete(data_, std::align_val_t(64)); }
  T* data() const { return data_; }

 private:
  T* data_;
};

bool signal_arrived(void*) {
  nb::gil_scoped_acquire acquire;
  return PyErr_CheckSignals() != 0;
}

const gaussmix::MergeKernels& kernels_called(const std::string& name) {
  for (const gaussmix::Kernels* kernels : gaussmix::available_kernels()) {
    if (name != kernels->name) continue;
#if defined(__x86_64__)
    if (name == "avx512") return gaussmix::avx512::merge_kernels;
    if (name == "avx2") return gaussmix::avx2::merge_kernels;
#endif
    return gaussmix::baseline::merge_kernels;
  }
  throw std::runtime_error("instruction set '" + name + "' is not available on this processor");
}

void merge_groups(const Numbers& means, const Numbers& weights, const Numbers& scatters, int model,
                  double trace_addition, double trace_factor, const Nodes& nodes, const Costs& costs,
                  const std::string& instruction_set) {
  if (means.ndim() != 2 || means.shape(0) == 0 || means.shape(1) == 0)
    throw nb::value_error("means must have shape (N, D), neither of them zero");
  const size_t N = means.shape(0), D = means.shape(1);
  if (weights.ndim() != 1 || weights.shape(0) != N) throw nb::value_error("weights must have shape (N,)");
  if (scatters.is_valid() && (scatters.ndim() != 3 || scatters.shape(0) != N || scatters.shape(1) != D ||
                              scatters.shape(2) != D))
    throw nb::value_error("scatters must have shape (N, D, D)");
  if (nodes.shape(0) != N - 1 || nodes.shape(1) != 2) throw nb::value_error("nodes must have shape (N - 1, 2)");
  if (costs.shape(0) != N - 1) throw nb::value_error("costs must have shape (N - 1,)");
  if (model < 0 || model > int(gaussmix::MergeModel::VVV)) throw nb::value_error("model is none of MergeModel");
  const gaussmix::MergeCriterion criterion = {gaussmix::MergeModel(model), trace_addition, trace_factor};
  const gaussmix::GroupsToMerge groups = {int64_t(N), ptrdiff_t(D), weights.data(), means.data(),
                                          scatters.is_valid() ? scatters.data() : nullptr};
  const gaussmix::MergeKernels& kernels = kernels_called(instruction_set);
  const gaussmix::MergeMemory size = kernels.memory(groups, criterion.model);
  bool finished;
  {
    nb::gil_scoped_release release;
    const Memory<double> numbers(size.numbers);
    const Memory<int64_t> integers(size.integers);
    finished = kernels.merge(groups, criterion, {signal_arrived, nullptr}, {nodes.data(), costs.data()},
                             numbers.data(), integers.data());
  }
  if (!finished) throw nb::python_error();
}

}  // namespace

void bind_hierarchical(nb::module_& m) {
  m.def("merge_groups", &merge_groups, "means"_a, "weights"_a, "scatters"_a.none(), "model"_a, "trace_addition"_a,
        "trace_factor"_a, "nodes"_a.noconvert(), "costs"_a.noconvert(), "instruction_set"_a,
        "Fill the pairs of nodes that are merged one after the other, and what each merge costs.");
}
