/*  worker_config.h - what a worker was told at its start, in copies of its own
 *
 *  Owned by the worker; its texts and views stay valid as long as it lives. One thread.
 */

#ifndef WORKER_WORKER_CONFIG_H_INCLUDED
#define WORKER_WORKER_CONFIG_H_INCLUDED

#include "worker/host.h"
#include "worker/slots/slot_handle.h"
#include "worker/worker.h"

typedef struct worker_config {
    worker_options_t
        options; //  Numbers and flags, defaults filled in; its texts are not to be used
    char name [HOST_NAME_BYTES]; //  Label for people
    char host [HOST_NAME_BYTES]; //  Name of the machine
    char *broker;                //  Addresses
    keys_t keys;                 //  For brokers on tcp, where has_keys
    bool has_keys;               //  It was given some
    char *proxy;                 //  HOST:PORT, or NULL
    char *task_broker;           //  For CADRE_TASK_BROKER
    char *slot_path;             //  Executable of slots
    guise_t guise;               //  As whom they run
    buffer_t plugins;            //  Packed texts
    size_t plugins_count;        //  How many
    buffer_t program;            //  Packed texts
    size_t program_count;        //  How many
    buffer_t labels;             //  Packed texts
    size_t labels_count;         //  How many
} worker_config_t;

void worker_config_copy (worker_config_t *self, const worker_options_t *options);
void worker_config_free (worker_config_t *self);

//  Can whoever runs the tasks execute the slots, and read the plugins? A fault if not.
cadre_error_t worker_config_check (const worker_config_t *self, fault_t *fault);

//  As many slots as there are descriptors for, and a word in the log where these are fewer than it
//  was told. CADRE_ERROR_DESCRIPTORS: not even one.
cadre_error_t worker_config_fit_slots (worker_config_t *self, fault_t *fault);

//  Does it have functions, which only a slot that has loaded them can list?
bool worker_config_has_functions (const worker_config_t *self);

//  How its slots are started, and what it says of itself; views into the charter.
slot_handle_start_t worker_config_start (const worker_config_t *self);
wire_worker_hello_t worker_config_hello (const worker_config_t *self);

#endif
