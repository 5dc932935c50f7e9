// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/filter_bar.hpp"

#include <QAction>
#include <QKeyEvent>
#include <QToolButton>

#include "gui/state/session.hpp"

namespace kvroof::gui {

FilterBar::FilterBar(Session& session, QWidget* parent)
    : QToolBar(tr("Filter"), parent),
      session_(session),
      field_(new QLineEdit(this)),
      regex_(new QCheckBox(tr("regex"), this)),
      axes_(new QMenu(this)),
      count_(new QLabel(this)) {
  setObjectName(QStringLiteral("filterBar"));
  field_->setObjectName(QStringLiteral("filter"));
  field_->setPlaceholderText(tr("Filter: kernel, status, rule, device … (Ctrl+F)"));
  field_->setAccessibleName(tr("Filter of records"));
  field_->setClearButtonEnabled(true);
  regex_->setToolTip(tr("Read the filter as a regular expression that one field must match"));
  auto* button = new QToolButton(this);
  button->setObjectName(QStringLiteral("axes"));
  button->setText(tr("Axes"));
  button->setToolTip(tr("Show only some values of an axis"));
  button->setPopupMode(QToolButton::InstantPopup);
  button->setMenu(axes_);
  addWidget(field_);
  addWidget(regex_);
  addWidget(button);
  addWidget(count_);
  delay_.setSingleShot(true);
  connect(field_, &QLineEdit::textChanged, this, [this] { delay_.start(120); });
  connect(field_, &QLineEdit::returnPressed, this, &FilterBar::applyText);
  connect(regex_, &QCheckBox::toggled, this, &FilterBar::applyText);
  connect(&delay_, &QTimer::timeout, this, &FilterBar::applyText);
  connect(axes_, &QMenu::aboutToShow, this, &FilterBar::fillAxisMenu);
  connect(&session.filter(), &RowFilter::changed, this, &FilterBar::showCount);
  field_->installEventFilter(this);
  showCount();
}

bool FilterBar::eventFilter(QObject* object, QEvent* event) {
  if (object == field_ && event->type() == QEvent::KeyPress &&
      static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape) {
    field_->clear();
    session_.filter().clear();
    return true;
  }
  return QToolBar::eventFilter(object, event);
}

void FilterBar::applyText() {
  delay_.stop();
  const QString problem = session_.filter().setText(
      field_->text(), regex_->isChecked() ? RowFilter::Syntax::regex : RowFilter::Syntax::words);
  if (!problem.isEmpty()) count_->setText(problem);
}

void FilterBar::fillAxisMenu() {
  axes_->clear();
  const auto all = allRows(session_.data());
  for (const QString& id : session_.data().variedAxes(all)) addAxis(id);
  if (axes_->isEmpty()) axes_->addAction(tr("Nothing was varied"))->setEnabled(false);
}

void FilterBar::addAxis(const QString& id) {
  constexpr int kMostValues = 200;
  const Column& column = session_.data().at(id);
  QStringList values;
  std::vector<int> rows = allRows(session_.data());
  std::stable_sort(rows.begin(), rows.end(), [&](int a, int b) {
    return column.less(static_cast<std::size_t>(a), static_cast<std::size_t>(b));
  });
  for (const int row : rows) {
    const QString text = column.text(static_cast<std::size_t>(row));
    if (values.isEmpty() || values.back() != text) values << text;
    if (values.size() > kMostValues) break;
  }
  QMenu* menu = axes_->addMenu(column.info().title);
  for (const QString& value : values) {
    QAction* action = menu->addAction(value.isEmpty() ? tr("(none)") : value);
    action->setCheckable(true);
    action->setChecked(session_.filter().accepted().value(id).contains(value));
    connect(action, &QAction::toggled, this, [this, id, value](bool isOn) {
      QSet<QString> accepted = session_.filter().accepted().value(id);
      isOn ? void(accepted.insert(value)) : void(accepted.remove(value));
      session_.filter().setAccepted(id, accepted);
    });
  }
}

void FilterBar::showCount() {
  const std::size_t shown = session_.filter().rows().size(), all = session_.data().size();
  count_->setText(shown == all ? tr(" %1 records ").arg(all)
                               : tr(" %1 of %2 records ").arg(shown).arg(all));
}

}  // namespace kvroof::gui
