#include "storage/tables.h"

#include <lmdb.h>

namespace pharos::storage {

unsigned lmdb_flags(TableShape shape) {
  switch (shape) {
    case TableShape::plain:
    case TableShape::index:
      return 0;
    case TableShape::by_seq:
      return MDB_INTEGERKEY;
  }
  return 0;
}

}  // namespace pharos::storage
