// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QEvent>
#include <QTimer>
#include <QWidget>
#include <functional>
#include <utility>

namespace kvroof::gui {

/// Brings a widget up to date after changes, once for many of them, and not before it is shown and
/// enabled.
class UpdateWhenSeen : public QObject {
 public:
  UpdateWhenSeen(QWidget* widget, std::function<void()> update) : QObject(widget), widget_(widget) {
    timer_.setSingleShot(true);
    connect(&timer_, &QTimer::timeout, this, [this, update = std::move(update)] {
      isStale_ = false;
      update();
    });
    widget->installEventFilter(this);
  }

  void schedule() {
    isStale_ = true;
    startIfSeen();
  }

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override {
    if (event->type() == QEvent::Show || event->type() == QEvent::EnabledChange) startIfSeen();
    return QObject::eventFilter(watched, event);
  }

 private:
  void startIfSeen() {
    if (isStale_ && widget_->isVisible() && widget_->isEnabled()) timer_.start(0);
  }

  QWidget* widget_;
  QTimer timer_;
  bool isStale_ = true;
};

}  // namespace kvroof::gui
