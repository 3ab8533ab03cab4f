/*  worker_config.h - the worker's own copy of its options
 *
 *  Owned by the worker; its texts and views stay valid as long as it lives. One thread.
 */

#ifndef WORKER_WORKER_CONFIG_H_INCLUDED
#define WORKER_WORKER_CONFIG_H_INCLUDED

#include "worker/host.h"
#include "worker/slots/slot_handle.h"
#include "worker/worker.h"

typedef struct worker_config {
    worker_options_t options;        //  Numbers and flags with defaults; its texts must not be used
    char name [HOST_NAME_BYTES];     //  Display name
    char host [HOST_NAME_BYTES];     //  Name of the machine
    char *broker;                    //  Addresses
    keys_t keys;                     //  For brokers on tcp, if has_keys
    bool has_keys;                   //  Keys were given
    char *proxy;                     //  HOST:PORT, or NULL
    char *task_broker;               //  For CADRE_TASK_BROKER
    char *slot_path;                 //  Executable of slots
    run_as_t run_as_user;            //  Their user
    slot_environment_t *environment; //  Their environment
    buffer_t plugins;                //  Packed texts
    size_t plugins_count;            //  How many
    buffer_t program;                //  Packed texts
    size_t program_count;            //  How many
    buffer_t labels;                 //  Packed texts
    size_t labels_count;             //  How many
} worker_config_t;

void worker_config_copy (worker_config_t *self, const worker_options_t *options);
void worker_config_free (worker_config_t *self);

//  Can the user of the tasks execute the slots, and read the plugins? If not: a fault.
cadre_error_t worker_config_check (const worker_config_t *self, fault_t *fault);

//  Reduces the number of slots to what the descriptors allow, and logs that.
//  CADRE_ERROR_DESCRIPTORS: not even one.
cadre_error_t worker_config_fit_slots (worker_config_t *self, fault_t *fault);

//  Are there functions that only a slot can list, because it must load them?
bool worker_config_has_functions (const worker_config_t *self);

//  How its slots are started, and its HELLO; the views point into self.
slot_handle_start_t worker_config_start (const worker_config_t *self);
wire_worker_hello_t worker_config_hello (const worker_config_t *self);

#endif
