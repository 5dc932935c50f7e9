// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/views/shortcut_sheet.hpp"

#include <QDialogButtonBox>
#include <QLabel>
#include <QMenu>
#include <QMenuBar>
#include <QVBoxLayout>

namespace kvroof::gui {
namespace {

QString row(const QString& keys, const QString& meaning) {
  return QStringLiteral("<tr><td><b>%1</b>&nbsp;&nbsp;</td><td>%2</td></tr>")
      .arg(keys.toHtmlEscaped(), meaning.toHtmlEscaped());
}

}  // namespace

ShortcutSheet::ShortcutSheet(const QMenuBar& menus, QWidget* parent) : QDialog(parent) {
  setWindowTitle(tr("Keys"));
  QString html = QStringLiteral("<table>");
  for (const QAction* top : menus.actions())
    for (const QAction* action : top->menu() ? top->menu()->actions() : QList<QAction*>{})
      if (!action->shortcut().isEmpty())
        html += row(action->shortcut().toString(QKeySequence::NativeText),
                    action->text().remove('&').remove(QStringLiteral("…")));
  html += row(tr("Arrows, Home, End"), tr("in a plot: walk through the records"));
  html +=
      row(tr("Arrows, Home, End; Escape"),
          tr("in timeline, samples, cache: walk through blocks, bars or cells, as the status line "
             "says; leave"));
  html += row(tr("Shift+arrows"), tr("in a plot: walk and select all on the way"));
  html += row(tr("Ctrl+arrows"), tr("in a plot: pan"));
  html += row(tr("+  −"), tr("in a plot: zoom in and out"));
  html += row(tr("F, 0, double click"), tr("in a plot: fit everything"));
  html += row(tr("Backspace"), tr("in a plot: undo the last zoom"));
  html +=
      row(tr("1 to 9"), tr("in a plot: what an underlined entry of the legend shows, on and off"));
  html +=
      row(tr("Wheel; Ctrl+wheel; Shift+wheel"), tr("in a plot: zoom both axes, x only, y only"));
  html += row(tr("Drag; Shift+drag"), tr("in a plot: pan; select records in all views"));
  html += row(tr("Escape"), tr("in the filter: clear it"));
  auto* label = new QLabel(html + QStringLiteral("</table>"), this);
  label->setTextFormat(Qt::RichText);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  auto* layout = new QVBoxLayout(this);
  layout->addWidget(label);
  layout->addWidget(buttons);
}

}  // namespace kvroof::gui
