-- Why the last attempt of a job failed: the library's tables do not say. `job_id` is of `jobs.procrastinate_jobs`.
CREATE TABLE job_failures (
    job_id bigint PRIMARY KEY,
    at timestamptz NOT NULL,
    error text NOT NULL
);
