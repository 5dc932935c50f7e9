// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/notice_bar.hpp"

#include <QHBoxLayout>
#include <QToolButton>

namespace kvroof::gui {

NoticeBar::NoticeBar(QWidget* parent) : QFrame(parent), label_(new QLabel(this)) {
  setFrameShape(StyledPanel);
  auto* layout = new QHBoxLayout(this);
  label_->setWordWrap(true);
  label_->setTextFormat(Qt::PlainText);
  label_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  label_->setAccessibleName(tr("Messages"));
  auto* close = new QToolButton(this);
  close->setText(tr("Dismiss"));
  connect(close, &QToolButton::clicked, this, &NoticeBar::dismiss);
  layout->addWidget(label_, 1);
  layout->addWidget(close, 0, Qt::AlignTop);
  hide();
}

void NoticeBar::add(const QString& sentence) {
  if (sentences_.contains(sentence)) return;
  sentences_ << sentence;
  showSentences();
}

void NoticeBar::setOf(const QString& file, const QStringList& sentences) {
  QStringList& said = saidOf_[file];
  for (const QString& sentence : said)
    if (!sentences.contains(sentence)) sentences_.removeAll(sentence);
  for (const QString& sentence : sentences)
    if (!said.contains(sentence)) sentences_ << sentence;
  said = sentences;
  showSentences();
}

void NoticeBar::dismiss() {
  sentences_.clear();
  showSentences();
}

void NoticeBar::showSentences() {
  constexpr qsizetype kMost = 6;
  QStringList shown = sentences_.mid(0, kMost);
  if (sentences_.size() > kMost) shown << tr("… and %1 more.").arg(sentences_.size() - kMost);
  label_->setText(shown.join('\n'));
  setVisible(!sentences_.isEmpty());
}

}  // namespace kvroof::gui
