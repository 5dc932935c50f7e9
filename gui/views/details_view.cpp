// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/details_view.hpp"

#include <QHeaderView>
#include <QVBoxLayout>

#include "gui/models/charts/reference_row.hpp"
#include "gui/models/text/guidance.hpp"
#include "gui/state/session.hpp"

namespace kvroof::gui {

DetailsView::DetailsView(Session& session, QWidget* parent)
    : QWidget(parent),
      session_(session),
      guidance_(new QLabel(this)),
      scroll_(new QScrollArea(this)),
      tree_(new QTreeView(this)) {
  auto* layout = new QVBoxLayout(this);
  scroll_->setWidget(guidance_);
  scroll_->setWidgetResizable(true);
  scroll_->setFrameShape(QFrame::NoFrame);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll_->setFocusPolicy(Qt::NoFocus);  // its text takes the focus
  layout->addWidget(scroll_, 1);
  layout->addWidget(tree_, 1);
  guidance_->setObjectName(QStringLiteral("guidance"));
  guidance_->setAccessibleName(tr("What limits the selected record"));
  guidance_->setWordWrap(true);
  guidance_->setTextFormat(Qt::RichText);
  guidance_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  tree_->setModel(&model_);
  tree_->setAccessibleName(tr("Details of the selected record"));
  tree_->setAlternatingRowColors(true);
  tree_->setUniformRowHeights(true);
  tree_->setIndentation(tree_->fontMetrics().averageCharWidth() * 2);
  connect(&session.selection(), &Selection::changed, this, &DetailsView::update);
  connect(&session.data(), &Dataset::changed, this, &DetailsView::update);
  update();
}

void DetailsView::update() {
  const int row = session_.selection().current();
  const traces::Details* details = session_.currentDetails();
  const Guidance guidance = guidanceFor(session_.data(), row, details);
  QString html = QStringLiteral("<p><b>%1</b></p>").arg(guidance.headline.toHtmlEscaped());
  for (const QString& warning : guidance.warnings)
    html += QStringLiteral("<p>⚠ <b>%1</b></p>").arg(warning.toHtmlEscaped());
  for (const QString& sentence : guidance.sentences)
    html += QStringLiteral("<p>%1</p>").arg(sentence.toHtmlEscaped());
  guidance_->setText(html);
  fitGuidance();
  model_.show(details ? detailGroups(*details) : std::vector<DetailGroup>{});
  tree_->expandAll();
  fitColumns();
}

void DetailsView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fitGuidance();
  fitColumns();
}

/// The sentences take the room they need, half of the view at most.
void DetailsView::fitGuidance() {
  scroll_->setMaximumHeight(guidance_->heightForWidth(scroll_->width()));
}

/// The origin of a number must not be pushed out of sight by a long text, which has a tool tip.
void DetailsView::fitColumns() {
  tree_->resizeColumnToContents(0);
  tree_->resizeColumnToContents(1);
  const int letter = tree_->fontMetrics().averageCharWidth(), width = tree_->viewport()->width();
  tree_->setColumnWidth(0, std::min(tree_->columnWidth(0), width * 40 / 100));
  const int widest = std::max(letter * 20, width - tree_->columnWidth(0) - letter * 22);
  tree_->setColumnWidth(1, std::min(tree_->columnWidth(1), widest));
}

}  // namespace kvroof::gui
