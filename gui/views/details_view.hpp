// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QScrollArea>
#include <QTreeView>
#include <QWidget>

#include "gui/models/text/details.hpp"

namespace kvroof::gui {

class Session;

/// What limits the current record, and everything known about it.
class DetailsView : public QWidget {
  Q_OBJECT
 public:
  explicit DetailsView(Session& session, QWidget* parent = nullptr);

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void update();
  void fitGuidance();
  void fitColumns();

  Session& session_;
  QLabel* guidance_;
  QScrollArea* scroll_;  // a small window must not be as high as all sentences
  QTreeView* tree_;
  DetailsModel model_;
};

}  // namespace kvroof::gui
