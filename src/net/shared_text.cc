#include "net/shared_text.h"

#include <algorithm>

namespace pharos::net {

bool SharedText::fits_window(int window_bits) const {
  // No reference reaches back beyond the start of the text.
  const std::size_t reach = std::min(text_.size(), std::size_t{1} << static_cast<unsigned>(kPreferredWindowBits));
  return reach <= std::size_t{1} << static_cast<unsigned>(window_bits);
}

std::string_view SharedText::deflated(DeflateWorkspace& workspace, const metrics::Counter& deflations) const {
  std::call_once(once_, [&] {
    std::string& deflated = workspace.deflated();
    const std::string_view text = text_;
    workspace.deflater(kPreferredWindowBits).deflate({&text, 1}, false, deflated);
    deflated_.assign(deflated);
    deflations.add();
  });
  return deflated_;
}

std::string stored_block_head(std::size_t size) {
  const auto low = static_cast<char>(size & 0xffU);
  const auto high = static_cast<char>(size >> 8U & 0xffU);
  return {0, low, high, static_cast<char>(~low), static_cast<char>(~high)};
}

}  // namespace pharos::net
