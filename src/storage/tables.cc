#include "storage/tables.h"

#include <lmdb.h>

namespace pharos::storage {

unsigned lmdb_flags(TableShape shape) {
  switch (shape) {
    case TableShape::plain:
      return 0;
    case TableShape::by_seq:
      return MDB_INTEGERKEY;
    case TableShape::grouped:
      return MDB_DUPSORT | MDB_DUPFIXED;
  }
  return 0;
}

}  // namespace pharos::storage
