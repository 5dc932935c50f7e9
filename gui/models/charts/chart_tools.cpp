// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/charts/chart_tools.hpp"

#include <QFileInfo>
#include <QObject>
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace kvroof::gui {

void Range::add(double value) {
  if (!std::isfinite(value) || (scale_ == Scale::log && value <= 0)) return;
  low_ = std::min(low_, value);
  high_ = std::max(high_, value);
}

void Range::applyTo(Axis& axis) const {
  axis.scale = scale_;
  if (isEmpty()) {
    axis.min = scale_ == Scale::log ? 1 : 0;
    axis.max = scale_ == Scale::log ? 10 : 1;
    return;
  }
  if (scale_ == Scale::log) {
    const double air = std::max(1.15, std::pow(high_ / low_, 0.06));
    axis.min = low_ / air;
    axis.max = high_ * air;
    return;
  }
  const double width = high_ > low_ ? high_ - low_ : std::max(std::abs(high_), 1.0);
  axis.min = low_ >= 0 ? 0 : low_ - 0.05 * width;
  axis.max = high_ + 0.07 * (low_ >= 0 ? std::max(high_, 1e-12) : width);
}

QString subtitleOf(const Dataset& data, std::span<const int> rows, Origins origins) {
  const auto distinct = [&](QLatin1String id, int limit) {
    QStringList texts;
    std::set<int> seen;
    const Column& column = data.at(id);
    for (const int row : rows) {
      const int code = column.code(at(row));
      if (code >= 0 && seen.insert(code).second) texts << column.texts()[at(code)];
      if (texts.size() > limit) break;
    }
    return texts;
  };
  const auto joined = [](const QStringList& texts, qsizetype limit, const QString& many) {
    return texts.size() > limit ? many : texts.join(QStringLiteral(", "));
  };
  QStringList parts;
  parts << joined(distinct(col::kDevice, 2), 2, QObject::tr("several devices"));
  parts << joined(distinct(col::kFile, 2), 2, QObject::tr("%1 files").arg(data.files().size()));
  const auto add = [&](QLatin1String id, const QString& pattern) {
    const QStringList found = distinct(id, 3);
    if (!found.isEmpty()) parts << pattern.arg(found.join(QStringLiteral(", ")));
  };
  if (origins == Origins::ofStoredBytes) {
    add(col::kBytesProvenance, QObject::tr("bytes stored: %1"));
  } else {
    add(col::kTimeProvenance, QObject::tr("times: %1"));
    add(col::kTrafficProvenance, QObject::tr("bytes moved: %1"));
  }
  parts.removeAll(QString());
  return parts.join(QStringLiteral(" · "));
}

const traces::Ceilings* mainCeilings(const Dataset& data, std::span<const int> rows,
                                     std::string& id) {
  std::map<const std::string*, int> count;  // by an id's address: each is stored once
  for (const int row : rows)
    if (data.ceilingsOf(at(row))) ++count[&data.ceilingsId(at(row))];
  if (count.empty()) return nullptr;
  const auto most = std::max_element(
      count.begin(), count.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  id = *most->first;
  for (const int row : rows)
    if (&data.ceilingsId(at(row)) == most->first) return data.ceilingsOf(at(row));
  return nullptr;
}

void LeftOut::add(int row, const QString& missing) {
  if (!facts_.passed(row) && !facts_.failed(row)) {
    ++counts_[status_.text(at(row))];
  } else if (!facts_.computesAttention(row) && facts_.isTimed(row)) {
    addNoStep();
  } else {
    ++counts_[missing];
  }
}

void LeftOut::noteIn(Chart& chart) const {
  if (counts_.isEmpty()) return;
  QStringList parts;
  for (auto cause = counts_.cbegin(); cause != counts_.cend(); ++cause)
    parts << QStringLiteral("%1 %2").arg(cause.value()).arg(cause.key());
  chart.notes << QObject::tr("Not drawn: %1.").arg(parts.join(QStringLiteral(", ")));
}

Chart startChart(const ChartInput& input, const QString& name, const QString& title, Axis x,
                 Axis y) {
  Chart chart;
  chart.name = name;
  chart.title = title;
  chart.subtitle = subtitleOf(input.data, input.rows);
  chart.x = std::move(x);
  chart.y = std::move(y);
  if (input.data.size() == 0) {
    chart.emptyReason = QObject::tr(
        "No records. Open a trace (Ctrl+O, or drop a .jsonl file here); `kvroof sweep` writes "
        "one.");
  } else if (input.rows.empty()) {
    chart.emptyReason =
        QObject::tr(
            "The filter hides all %1 records: clear it, with Escape in its field, or without "
            "--filter.")
            .arg(input.data.size());
  }
  return chart;
}

void sizeByTime(const ChartInput& input, Chart& chart) {
  if (!input.options.sizeByTime) return;
  const Column& time = input.data.at(col::kTime);
  double longest = 0;
  for (const Mark& mark : chart.marks)
    if (const double ns = time.number(at(mark.row)); ns > longest) longest = ns;
  for (Mark& mark : chart.marks) {
    const double ns = time.number(at(mark.row));
    mark.size = ns > 0 && longest > 0 ? ns / longest : 0;
  }
}

Axis axisOf(const Column& column, Scale scale) {
  const QString unit = unitOf(column.info().quantity);
  const QString title = column.info().title;
  Axis axis;
  axis.label = unit.isEmpty() ? title : QStringLiteral("%1 (%2)").arg(title, unit);
  axis.quantity = column.info().quantity;
  axis.scale = scale;
  return axis;
}

Scale scaleFor(const Column& column, std::span<const int> rows) {
  Range range(Scale::linear);
  for (const int row : rows) range.add(column.number(at(row)));
  const double widest = column.info().quantity == Quantity::tokens ? 1.9 : 8;
  const bool isWide = !range.isEmpty() && range.low() > 0 && range.high() / range.low() > widest;
  return isWide ? Scale::log : Scale::linear;
}

}  // namespace kvroof::gui
