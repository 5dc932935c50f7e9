// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/charts/loss_ladder.hpp"

#include <QObject>
#include <cmath>

#include "gui/models/data/column_ids.hpp"

namespace kvroof::gui {

std::optional<LossLadder> lossLadder(const Dataset& data, int row) {
  const auto number = [&](QLatin1String id) {
    return data.at(id).number(static_cast<std::size_t>(row));
  };
  const double dense = number(col::kDenseBytes);
  const double achieved = number(col::kSpeedup);
  double stored = number(col::kKeyValueBytes) + number(col::kValueValueBytes);
  if (!(dense > 0) || !(achieved > 0) || !(stored > 0)) return std::nullopt;
  LossLadder ladder;
  const auto step = [&](const QString& name, double extraBytes) {
    stored += extraBytes;
    ladder.steps.push_back({name, dense / stored});
  };
  step(QObject::tr("survivors only"), 0);
  step(QObject::tr("with index"), number(col::kBitmapBytes) + number(col::kIndexBytes));
  step(QObject::tr("with padding"), number(col::kPaddingBytes));
  step(QObject::tr("with window: bound of the format"), number(col::kWindowBytes));
  ladder.steps.push_back({QObject::tr("achieved"), achieved});
  const QStringList names{QObject::tr("index"), QObject::tr("padding"), QObject::tr("window"),
                          QObject::tr("kernel")};
  QStringList losses;
  for (std::size_t i = 1; i < ladder.steps.size(); ++i) {
    const double kept = ladder.steps[i].speedup / ladder.steps[i - 1].speedup;
    if (kept > 1) {
      losses << QObject::tr("%1 none (%2 above the bound)")
                    .arg(names[static_cast<qsizetype>(i) - 1],
                         formatQuantity(kept - 1, Quantity::share));
    } else {
      losses << QStringLiteral("%1 %2").arg(names[static_cast<qsizetype>(i) - 1],
                                            formatQuantity(1 - kept, Quantity::share));
    }
  }
  ladder.sentence = QObject::tr("Lost at each step to %1").arg(losses.join(QStringLiteral(", ")));
  const double moved = number(col::kDramBytes) / stored;
  if (std::abs(moved - 1) > 0.01)
    ladder.sentence += QObject::tr(" (it moves %1 of the bytes that are stored)")
                           .arg(formatQuantity(moved, Quantity::ratio));
  ladder.sentence += '.';
  return ladder;
}

}  // namespace kvroof::gui
