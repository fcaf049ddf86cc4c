#include "storage/block_compression.h"

#include <zstd.h>

#include "storage/record.h"

namespace pharos::storage {
namespace {

struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

BlockCompressor::BlockCompressor() = default;
BlockCompressor::~BlockCompressor() = default;

void BlockCompressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

bool BlockCompressor::append(std::span<const std::uint8_t> body, int level, std::size_t most, std::string& out) {
  if (!context_) context_.reset(ZSTD_createCCtx());
  const std::size_t before = out.size();
  out.resize(before + most);
  const std::size_t size =
      ZSTD_compressCCtx(context_.get(), out.data() + before, most, body.data(), body.size(), level);
  const bool fits = ZSTD_isError(size) == 0;
  out.resize(before + (fits ? size : 0));
  return fits;
}

bool decompress_block(std::span<const std::uint8_t> frame, std::span<std::uint8_t> body) {
  // Its window is allocated once a thread; a fresh one costs more than a small block.
  thread_local const std::unique_ptr<ZSTD_DCtx, FreeDecompressor> context(ZSTD_createDCtx());
  const std::size_t size = ZSTD_findFrameCompressedSize(frame.data(), frame.size());
  if (ZSTD_isError(size) != 0 || frame.size() - size >= kRecordAlignment) return false;
  return ZSTD_decompressDCtx(context.get(), body.data(), body.size(), frame.data(), size) == body.size();
}

}  // namespace pharos::storage
