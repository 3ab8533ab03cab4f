//  detail.c - the reason of a failure that the broker itself reports

#include "broker/core/detail.h"
#include "common/pack.h"

void detail_pack (buffer_t *self, const char *kind, const char *message, const char *worker)
{
    pack_map (self, worker ? 3 : 2);
    pack_text (self, "kind");
    pack_text (self, kind);
    pack_text (self, "message");
    pack_text (self, message);
    if (!worker)
        return;
    pack_text (self, "worker");
    pack_text (self, worker);
}

void detail_pack_tail (buffer_t *self, unsigned outcome, view_t detail)
{
    pack_uint (self, outcome);
    pack_int (self, 0);
    pack_uint (self, 0);
    pack_nil (self);
    if (detail.size)
        pack_raw (self, detail.data, detail.size);
    else
        pack_nil (self);
}
