#include "engine.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "parallel.hpp"

namespace gaussmix {
namespace {

class Buffer {
 public:
  explicit Buffer(ptrdiff_t size) {
    if (size > 0) data_ = static_cast<double*>(::operator new(size * sizeof(double), std::align_val_t(64)));
  }
  Buffer(Buffer&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
  Buffer(const Buffer&) = delete;
  ~Buffer() {
    if (data_) ::operator delete(data_, std::align_val_t(64));
  }
  double* data() const { return data_; }

 private:
  double* data_ = nullptr;
};

constexpr int64_t MAX_CHUNKS = 256;
constexpr double CHUNK_NANOSECONDS = 100e3;
constexpr double THREAD_NANOSECONDS = 200e3;

// A guess of what one row costs, good enough to decide about threads.
double nanoseconds_a_row(const Task& task) {
  const double D = double(task.n_features), K = double(task.n_components);
  const bool matrix = task.density.form == Form::full || task.moments == Moments::full;
  return K * (2.0 + 0.3 * D + (matrix ? 0.08 * D * D : 0.0)) + 0.5 * D;
}

// Rows a chunk; of N, D and K alone, so that results depend on nothing else.
int64_t rows_of_a_chunk(const Task& task, ptrdiff_t block_rows) {
  const double D = double(task.n_features), K = double(task.n_components);
  const double a_row = K * (2.0 + 0.3 * D + 0.08 * D * D);
  const int64_t enough = std::max<int64_t>(2 * block_rows, int64_t(CHUNK_NANOSECONDS / a_row));
  const int64_t few = (task.rows.n_rows + MAX_CHUNKS - 1) / MAX_CHUNKS;
  const int64_t rows = std::max(enough, few);
  return (rows + block_rows - 1) / block_rows * block_rows;
}

int threads_for(const Task& task, int64_t n_chunks, int n_threads) {
  const double work = nanoseconds_a_row(task) * double(task.rows.n_rows);
  const double useful = std::max(1.0, work / THREAD_NANOSECONDS);
  return int(std::min({double(std::max(n_threads, 1)), double(std::max<int64_t>(n_chunks, 1)), useful}));
}

// Chunks are handed out in order, each with a buffer for its sums, and added to the total in order. There are more
// buffers than threads, so that a thread may go on while an earlier chunk is still being worked on.
class OrderedSums {
 public:
  OrderedSums(int64_t n_chunks, ptrdiff_t size, int n_buffers) : size_(size), n_chunks_(n_chunks), total_(size) {
    std::fill_n(total_.data(), size, 0.0);
    for (int i = 0; i < n_buffers; ++i) {
      buffers_.emplace_back(size);
      free_.push_back(buffers_.back().data());
    }
    finished_.assign(n_chunks, nullptr);
  }

  // The next chunk and where its sums go; false when there is none.
  bool next(int64_t* chunk, double** sums) {
    std::unique_lock<std::mutex> lock(mutex_);
    // A chunk is taken together with its buffer: the earliest unfinished one always has what it needs.
    freed_.wait(lock, [this] { return !free_.empty() || next_ == n_chunks_; });
    if (next_ == n_chunks_) return false;
    *chunk = next_++;
    *sums = free_.back();
    free_.pop_back();
    lock.unlock();
    if (*chunk + 1 == n_chunks_) freed_.notify_all();
    std::fill_n(*sums, size_, 0.0);
    return true;
  }

  void finish(int64_t chunk, double* sums) {
    std::lock_guard<std::mutex> lock(mutex_);
    finished_[chunk] = sums;
    for (; merged_ < n_chunks_ && finished_[merged_]; ++merged_) {
      const double* part = finished_[merged_];
      double* total = total_.data();
      for (ptrdiff_t i = 0; i < size_; ++i) total[i] += part[i];
      free_.push_back(finished_[merged_]);
    }
    freed_.notify_all();
  }

  Buffer take_total() { return std::move(total_); }

 private:
  ptrdiff_t size_;
  int64_t n_chunks_;
  Buffer total_;
  std::vector<Buffer> buffers_;
  std::vector<double*> free_;
  std::vector<double*> finished_;
  int64_t next_ = 0;
  int64_t merged_ = 0;
  std::mutex mutex_;
  std::condition_variable freed_;
};

std::vector<Buffer> buffers(int count, ptrdiff_t size) {
  std::vector<Buffer> result;
  for (int i = 0; i < count; ++i) result.emplace_back(size);
  return result;
}

// Runs work(begin, end, sums, scratch) for all chunks and adds up what they leave in sums, flat arrays of so many numbers.
template <typename Work>
Buffer summed(const Task& task, const Plan& plan, int n_threads, ptrdiff_t sums_size, const Work& work) {
  const int64_t chunk_rows = rows_of_a_chunk(task, plan.block_rows);
  const int64_t n_chunks = (task.rows.n_rows + chunk_rows - 1) / chunk_rows;
  const int threads = threads_for(task, n_chunks, n_threads);
  // All memory is taken before threads start, so that running out of it is found here.
  const std::vector<Buffer> scratch = buffers(threads, plan.scratch_size);
  OrderedSums sums(n_chunks, sums_size, int(std::min<int64_t>(n_chunks, threads == 1 ? 1 : threads + 1)));
  run_threads(threads, [&](int thread) {
    int64_t chunk;
    double* part;
    while (sums.next(&chunk, &part)) {
      const int64_t begin = chunk * chunk_rows;
      work(begin, std::min(begin + chunk_rows, task.rows.n_rows), part, scratch[thread].data());
      sums.finish(chunk, part);
    }
  });
  return sums.take_total();
}

}  // namespace

void run_expect(const Kernels& kernels, const Task& task, int n_threads, Statistics* out) {
  const Plan plan = kernels.plan(task);
  Buffer packed(plan.packed_size);
  kernels.pack(task, packed.data());
  const Buffer total = summed(task, plan, n_threads, plan.sums_size,
                              [&](int64_t begin, int64_t end, double* sums, double* scratch) {
                                kernels.expect(task, packed.data(), begin, end, sums, scratch);
                              });
  kernels.finish(task, total.data(), out);
}

void run_expect_each(const Kernels& kernels, const std::vector<Task>& tasks, int n_threads, Statistics* out) {
  double work = 0.0;
  for (const Task& task : tasks) work += nanoseconds_a_row(task) * double(task.rows.n_rows);
  const double useful = std::max(1.0, std::min(work / THREAD_NANOSECONDS, double(tasks.size())));
  const int threads = int(std::min(double(std::max(n_threads, 1)), useful));
  std::atomic<size_t> next{0};
  run_threads(threads, [&](int) {
    for (size_t i; (i = next.fetch_add(1)) < tasks.size();) run_expect(kernels, tasks[i], 1, &out[i]);
  });
}

void run_distances(const Kernels& kernels, const Task& task, int n_threads, const double* bound, double* distances,
                   double* out) {
  const ptrdiff_t size = task.n_components;
  const Buffer total = summed(task, kernels.plan(task), n_threads, size,
                              [&](int64_t begin, int64_t end, double* sums, double* scratch) {
                                kernels.distances(task, bound, begin, end, distances, sums, scratch);
                              });
  std::copy_n(total.data(), size, out);
}

void run_assign(const Kernels& kernels, const Task& task, int n_threads, double* out) {
  const ptrdiff_t size = task.n_components * (task.n_features + 1);
  const Buffer total = summed(task, kernels.plan(task), n_threads, size,
                              [&](int64_t begin, int64_t end, double* sums, double* scratch) {
                                kernels.assign(task, begin, end, sums, scratch);
                              });
  std::copy_n(total.data(), size, out);
}

int64_t run_whitening(const Kernels& kernels, const double* matrices, int64_t n_matrices, ptrdiff_t n_features,
                      double* factors) {
  const ptrdiff_t size = n_features * n_features;
  const Buffer scratch(2 * n_features * (n_features + 7));
  for (int64_t m = 0; m < n_matrices; ++m)
    if (!kernels.whitening_factor(matrices + m * size, n_features, factors + m * size, scratch.data())) return m;
  return n_matrices;
}

void run_evaluate(const Kernels& kernels, const Task& task, int n_threads, const Outputs& out) {
  const Plan plan = kernels.plan(task);
  const int64_t chunk_rows = rows_of_a_chunk(task, plan.block_rows);
  const int64_t n_chunks = (task.rows.n_rows + chunk_rows - 1) / chunk_rows;
  const int threads = threads_for(task, n_chunks, n_threads);
  Buffer packed(plan.packed_size);
  kernels.pack(task, packed.data());
  const std::vector<Buffer> scratch = buffers(threads, plan.scratch_size);
  std::atomic<int64_t> next{0};
  run_threads(threads, [&](int thread) {
    for (int64_t chunk; (chunk = next.fetch_add(1)) < n_chunks;) {
      const int64_t begin = chunk * chunk_rows;
      kernels.evaluate(task, packed.data(), begin, std::min(begin + chunk_rows, task.rows.n_rows), out,
                       scratch[thread].data());
    }
  });
}

}  // namespace gaussmix
