// SPDX-License-Identifier: MIT
// Memory and files for short-lived applets: nothing is ever given back, the exec that follows does.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace devenv::guest {

/// `size` zeroed bytes, aligned for anything. Ends the program with status 1 when there are none.
void* allocate(std::size_t size);

template <typename T>
T* allocate_array(std::size_t count) {
  return static_cast<T*>(allocate(count * sizeof(T)));
}

/// The parts as one C string.
char* concatenate(std::initializer_list<std::string_view> parts);

/// A growing array of plain values.
template <typename T>
class List {
 public:
  void add(T value) {
    if (size_ == capacity_) {
      grow();
    }
    items_[size_++] = value;
  }
  std::size_t size() const { return size_; }
  T* data() { return items_; }
  T& operator[](std::size_t index) { return items_[index]; }
  const T& operator[](std::size_t index) const { return items_[index]; }
  T* begin() { return items_; }
  T* end() { return items_ + size_; }
  const T* begin() const { return items_; }
  const T* end() const { return items_ + size_; }

 private:
  void grow() {
    capacity_ = capacity_ == 0 ? 64 : capacity_ * 2;
    T* const larger = allocate_array<T>(capacity_);
    for (std::size_t index = 0; index < size_; ++index) {
      larger[index] = items_[index];
    }
    items_ = larger;
  }
  T* items_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// What read_file asks of a file beside being a regular one.
enum class Trust {
  any,
  root_only,  ///< owned by root, writable by root alone
};

/// The content of a regular file of at most 16 MiB. nullopt when it cannot be read, or not trusted.
/// Symbolic links are followed with Trust::any only.
std::optional<std::string_view> read_file(const char* path, Trust trust);

/// Closes the files numbered `first` to `last`, those that are open.
void close_files(unsigned first, unsigned last);

/// Takes the text up to `separator` (or all of it) off the front of `rest`.
std::string_view take_field(std::string_view& rest, char separator);

}  // namespace devenv::guest
