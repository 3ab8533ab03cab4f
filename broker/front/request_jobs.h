/*  request_jobs.h - answers about jobs and their tasks */

#ifndef BROKER_FRONT_REQUEST_JOBS_H_INCLUDED
#define BROKER_FRONT_REQUEST_JOBS_H_INCLUDED

#include "broker/front/request.h"

request_fn request_job_list, request_job_info, request_job_cancel, request_job_retry, request_job_forget;
request_fn request_task_list, request_task_info, request_task_explain, request_task_drop;

#endif
