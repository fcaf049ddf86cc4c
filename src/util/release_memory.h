// Gives back what a string or a vector has reserved. Neither clear() nor the assignment of an empty one does.
#pragma once

namespace pharos {

// Leaves it empty.
template <class Container>
void release_memory(Container& container) {
  Container().swap(container);
}

}  // namespace pharos
