// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/state/loader.hpp"

#include <QElapsedTimer>
#include <QFileInfo>

#include "gui/state/session.hpp"

namespace kvroof::gui {
namespace {

// The first step is small, so that something is seen at once.
constexpr std::uint64_t kFirstBytes = 2ull << 20, kStepBytes = 16ull << 20;
constexpr int kPollMs = 1000;
constexpr int kRefreshMs = 150;  // views are rebuilt no more often than this while rows arrive

}  // namespace

Loader::Loader(Session& session, QObject* parent)
    : QObject(parent), session_(session), worker_(new QObject) {
  worker_->moveToThread(&thread_);
  connect(&thread_, &QThread::finished, worker_, &QObject::deleteLater);
  thread_.start();
  connect(&watcher_, &QFileSystemWatcher::fileChanged, this, &Loader::readOn);
  connect(&poll_, &QTimer::timeout, this, &Loader::readOn);
  poll_.setInterval(kPollMs);
  refresh_.setSingleShot(true);
  refresh_.setInterval(kRefreshMs);
  connect(&refresh_, &QTimer::timeout, this, &Loader::refreshData);
}

Loader::~Loader() {
  ++generation_;
  thread_.quit();
  thread_.wait();
}

void Loader::load(const QString& path) {
  const auto source = session_.open(path);
  if (QFileInfo(path).size() > static_cast<qint64>(kFirstBytes)) emit progress(source->path(), 0);
  broken_.erase(source.get());
  readStep(source);
}

void Loader::reload() {
  broken_.clear();
  followed_.clear();
  readOn();
}

void Loader::readOn() {
  for (const auto& source : session_.sources())
    if (!broken_.contains(source.get())) readStep(source);
}

/// While rows still arrive, views are rebuilt for a tenth of the time at most.
void Loader::refreshData() {
  QElapsedTimer timer;
  timer.start();
  session_.data().refresh();
  // Views rebuild in timers that were started meanwhile, so this one sees what they took.
  QTimer::singleShot(0, this, [this, timer] {
    refresh_.setInterval(std::max<int>(kRefreshMs, 10 * static_cast<int>(timer.elapsed())));
  });
}

void Loader::cancel() {
  ++generation_;
  numPending_ = 0;
  active_.clear();
  poll_.stop();
  for (const QString& path : watcher_.files()) watcher_.removePath(path);
}

void Loader::readStep(std::shared_ptr<TraceSource> source) {
  if (!active_.insert(source.get()).second) return;
  ++numPending_;
  const bool isFirst = session_.fileOf(source.get()) < 0;
  const unsigned generation = generation_;
  QMetaObject::invokeMethod(worker_, [this, source, isFirst, generation] {
    Result result{source, std::make_shared<TraceSource::Step>(), {}, generation};
    if (generation != generation_) return;
    try {
      *result.step = source->read(isFirst ? kFirstBytes : kStepBytes,
                                  [&] { return generation != generation_; });
    } catch (const std::exception& error) {
      result.error = QString::fromUtf8(error.what());
    }
    QMetaObject::invokeMethod(this, [this, result] { arrive(result); });
  });
}

void Loader::arrive(const Result& result) {
  if (result.generation != generation_) {
    // Cancelled meanwhile; rows of a file that is shown would otherwise be missing for good.
    if (session_.fileOf(result.source.get()) >= 0 && result.error.isEmpty())
      session_.take(result.source, std::move(*result.step));
    return;
  }
  --numPending_;
  active_.erase(result.source.get());
  if (!result.error.isEmpty()) {
    broken_.insert(result.source.get());
    emit failed(result.error);
    return;
  }
  if (result.step->inspect) {
    session_.take(result.source, std::move(*result.step));
    emit finished(result.source->path(), {});
    return;
  }
  const bool isNew = session_.fileOf(result.source.get()) < 0;
  const bool hasNews = result.step->replaced || !result.step->batch.rows.empty() || isNew;
  const bool atEnd = result.step->atEnd;
  const auto total = std::max<std::uint64_t>(result.step->bytesTotal, 1);
  const int percent = static_cast<int>(100 * result.step->bytesRead / total);
  session_.take(result.source, std::move(*result.step));
  if (hasNews && (isNew || atEnd)) {
    refresh_.stop();
    refreshData();
  } else if (hasNews && !refresh_.isActive()) {
    refresh_.start();
  }
  if (!atEnd) {
    emit progress(result.source->path(), percent);
    return readStep(result.source);
  }
  watch(result.source->path());
  const bool isFollowed = !followed_.insert(result.source.get()).second;
  if (hasNews || !isFollowed)
    emit finished(result.source->path(),
                  result.source->warnings(isFollowed ? TraceSource::Tail::expected
                                                     : TraceSource::Tail::reported));
}

void Loader::watch(const QString& path) {
  if (!watcher_.files().contains(path)) watcher_.addPath(path);
  if (!poll_.isActive()) poll_.start();
}

}  // namespace kvroof::gui
