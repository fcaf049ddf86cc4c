// zstd for the bodies of event blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct ZSTD_CCtx_s;

namespace pharos::storage {

// Keeps its working memory. One thread at a time.
class BlockCompressor {
 public:
  BlockCompressor();
  ~BlockCompressor();
  BlockCompressor(BlockCompressor&&) noexcept = default;
  BlockCompressor& operator=(BlockCompressor&&) noexcept = default;

  // Appends one frame that tells its size to out; level is zstd's, 1 to 19. False, and out as it was, when it would
  // take more than most bytes.
  bool append(std::span<const std::uint8_t> body, int level, std::size_t most, std::string& out);

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  std::unique_ptr<ZSTD_CCtx_s, Free> context_;
};

// True when the frame is whole and fills body to the byte; fewer than kRecordAlignment bytes may follow it. Any thread.
bool decompress_block(std::span<const std::uint8_t> frame, std::span<std::uint8_t> body);

}  // namespace pharos::storage
