#include "ingest/pipeline.h"

#include "ingest/pipeline_state.h"

namespace pharos::ingest {

Pipeline::Pipeline(const Options& options, storage::Store& store, WorkerPool& pool, const Clock& clock,
                   const metrics::IngestMetrics& metrics, Policy* policy)
    : state_(std::make_shared<State>(options, store, pool, clock, metrics, policy)) {}

Pipeline::~Pipeline() { state_->stop(); }

bool Pipeline::submit(Submission&& submission) { return state_->submit(std::move(submission), false); }

bool Pipeline::submit_waiting(Submission&& submission) { return state_->submit(std::move(submission), true); }

bool Pipeline::submit_waiting(Bulk&& bulk) { return state_->submit_bulk(std::move(bulk)); }

void Pipeline::count_refused(Source source, Reason reason) { state_->count_refused(source, reason); }

void Pipeline::set_admission(const AdmissionOptions& admission) { state_->set_admission(admission); }

void Pipeline::set_author_rates(const AuthorRates& rates) { state_->set_author_rates(rates); }

void Pipeline::stop() { state_->stop(); }

bool Pipeline::wait_idle(std::chrono::milliseconds timeout) { return state_->wait_idle(timeout); }

std::size_t Pipeline::in_flight() const { return state_->in_flight(); }

std::unique_ptr<Pipeline> make_pipeline(const Options& options, storage::Store& store, WorkerPool& pool,
                                        const Clock& clock, const metrics::IngestMetrics& metrics, Policy* policy) {
  return std::make_unique<Pipeline>(options, store, pool, clock, metrics, policy);
}

}  // namespace pharos::ingest
