// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFileSystemWatcher>
#include <QObject>
#include <QThread>
#include <QTimer>
#include <atomic>
#include <memory>
#include <set>

#include "gui/models/data/trace_source.hpp"

namespace kvroof::gui {

class Session;

/// Reads files of a session in a thread of its own, and goes on reading traces while they grow.
/// Rows arrive in the session in steps, so that the window can be used meanwhile.
class Loader : public QObject {
  Q_OBJECT
 public:
  explicit Loader(Session& session, QObject* parent = nullptr);
  ~Loader() override;  // stops reading; does not wait for more than one step

  void load(const QString& path);
  void reload();
  void cancel();
  bool isLoading() const { return numPending_ > 0; }

 signals:
  void progress(const QString& path, int percent);
  void failed(const QString& sentence);
  /// Everything that is there was read. Emitted again when more has come; `warnings` are all that
  /// hold now.
  void finished(const QString& path, const QStringList& warnings);

 private:
  struct Result {
    std::shared_ptr<TraceSource> source;
    std::shared_ptr<TraceSource::Step> step;
    QString error;
    unsigned generation = 0;
  };
  void readOn();  // what has been written since
  void refreshData();
  void readStep(std::shared_ptr<TraceSource> source);
  void arrive(const Result& result);
  void watch(const QString& path);

  Session& session_;
  QThread thread_;
  QObject* worker_;
  QFileSystemWatcher watcher_;
  QTimer poll_;  // network file systems send no notifications
  QTimer refresh_;
  std::atomic<unsigned> generation_{0};  // raised by cancel(): results of older steps are dropped
  int numPending_ = 0;
  std::set<const TraceSource*> active_;
  std::set<const TraceSource*> broken_;    // not read again before somebody asks for it
  std::set<const TraceSource*> followed_;  // were read to their end once
};

}  // namespace kvroof::gui
