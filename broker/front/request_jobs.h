/*  request_jobs.h - handlers of requests about jobs and their tasks */

#ifndef BROKER_FRONT_REQUEST_JOBS_H_INCLUDED
#define BROKER_FRONT_REQUEST_JOBS_H_INCLUDED

#include "broker/front/request.h"

request_fn request_jobs_list, request_jobs_info, request_jobs_cancel, request_jobs_retry,
    request_jobs_forget;
request_fn request_jobs_task_list, request_jobs_task_info, request_jobs_task_explain,
    request_jobs_task_drop;

#endif
