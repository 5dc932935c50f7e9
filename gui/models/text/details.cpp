// SPDX-License-Identifier: GPL-3.0-or-later
#include "gui/models/text/details.hpp"

#include "gui/models/text/number_text.hpp"

namespace kvroof::gui {
namespace {

QString text(std::string_view value) {
  return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}
QString count(auto value) { return formatNumber(static_cast<double>(value), 15); }

Quantity quantityOf(const std::string& unit) {
  if (unit == "B" || unit == "bytes") return Quantity::bytes;
  if (unit == "ns") return Quantity::timeNs;
  return Quantity::plain;
}

QString roofText(const traces::Roof& roof) {
  const std::string_view unit = roof_unit(roof.level);
  if (unit == "bytes_per_s") return formatQuantity(roof.value, Quantity::bytesPerS);
  if (unit == "flop_per_s") return formatQuantity(roof.value, Quantity::flopPerS);
  if (unit == "ns") return formatQuantity(roof.value, Quantity::timeNs);
  return formatNumber(roof.value) + QStringLiteral(" instr/s");
}

class GroupWriter {
 public:
  explicit GroupWriter(QString title) { group_.title = std::move(title); }
  void add(const QString& name, const QString& value, const QString& origin = {}) {
    if (!value.isEmpty()) group_.items.push_back({name, value, origin});
  }
  void addTime(const traces::NamedTime& t) {
    add(text(t.name), formatQuantity(t.time_ns, Quantity::timeNs), text(name_of(t.provenance)));
  }
  void into(std::vector<DetailGroup>& groups) {
    if (!group_.items.empty()) groups.push_back(std::move(group_));
  }

 private:
  DetailGroup group_;
};

void addProblem(const traces::Record& record, std::vector<DetailGroup>& groups) {
  const auto& p = record.problem;
  GroupWriter g(QObject::tr("Problem"));
  g.add("kernel", text(record.kernel.name));
  g.add("variant", text(record.kernel.variant));
  g.add("backend", text(name_of(record.backend)));
  g.add("status", text(name_of(record.status)));
  g.add("reason", text(record.reason));
  g.add("batch", count(p.batch));
  g.add("query_heads", count(p.query_heads));
  g.add("kv_heads", count(p.kv_heads));
  g.add("head_dim", count(p.head_dim));
  g.add("kv_len", formatQuantity(static_cast<double>(p.kv_len), Quantity::tokens));
  g.add("window", count(p.window));
  g.add("dtype", text(p.dtype));
  const auto side = [&](const char* name, const traces::PrunedSide& s) {
    g.add(QLatin1String(name),
          QObject::tr("%1 sparse, %2, %3")
              .arg(formatQuantity(s.requested_sparsity, Quantity::share), text(s.rule),
                   text(s.format)),
          s.effective_sparsity ? QObject::tr("effective %1")
                                     .arg(formatQuantity(*s.effective_sparsity, Quantity::share))
                               : QString());
  };
  side("keys", p.keys);
  side("values", p.values);
  g.add("input", text(p.input));
  g.add("model", text(p.model.value_or("")));
  g.add("seed", count(p.seed));
  for (const auto& [name, value] : record.axes) g.add(text(name), text(value));
  g.into(groups);
}

void addTimes(const traces::Record& record, std::vector<DetailGroup>& groups) {
  for (const traces::Time& t : record.times) {
    GroupWriter g(QObject::tr("Time: %1").arg(text(t.name)));
    const QString origin = text(name_of(t.provenance));
    const auto& s = t.statistics;
    if (t.provenance == traces::Provenance::modelled) {  // one number, no samples
      g.add("time", formatQuantity(s.median_ns, Quantity::timeNs), origin);
      g.into(groups);
      continue;
    }
    g.add("median", formatQuantity(s.median_ns, Quantity::timeNs), origin);
    g.add("quartiles",
          QObject::tr("%1 to %2")
              .arg(formatQuantity(s.q1_ns, Quantity::timeNs),
                   formatQuantity(s.q3_ns, Quantity::timeNs)),
          origin);
    g.add("min, max",
          QObject::tr("%1, %2").arg(formatQuantity(s.min_ns, Quantity::timeNs),
                                    formatQuantity(s.max_ns, Quantity::timeNs)),
          origin);
    g.add("mean", formatQuantity(s.mean_ns, Quantity::timeNs), origin);
    g.add("samples", QObject::tr("%1, %2 throttled").arg(s.count).arg(t.num_throttled));
    if (t.sm_clock_mhz) g.add("SM clock", formatNumber(*t.sm_clock_mhz) + " MHz", origin);
    g.into(groups);
  }
  GroupWriter phases(QObject::tr("Phases"));
  for (const auto& t : record.phases) phases.addTime(t);
  phases.into(groups);
  GroupWriter floors(QObject::tr("Floors"));
  for (const auto& t : record.floors) floors.addTime(t);
  floors.into(groups);
}

void addPredictions(const traces::Record& record, std::vector<DetailGroup>& groups) {
  for (const traces::Prediction& p : record.predictions) {
    GroupWriter g(QObject::tr("Prediction for %1").arg(text(p.device)));
    const QString origin = QObject::tr("modelled");
    g.add("time", p.time_ns ? formatQuantity(*p.time_ns, Quantity::timeNs) : text(p.wont_launch),
          origin);
    g.add("bound by", text(p.binding), origin);
    g.add("model", text(p.model),
          p.validated ? QObject::tr("validated") : QObject::tr("not validated"));
    if (p.error_share)
      g.add("error on held-out shapes", formatQuantity(*p.error_share, Quantity::share));
    for (const auto& term : p.terms) g.addTime(term);
    g.into(groups);
  }
}

void addWork(const traces::Record& record, std::vector<DetailGroup>& groups) {
  GroupWriter g(QObject::tr("Work and bytes"));
  if (record.work) {
    const QString origin = text(name_of(record.work->provenance));
    g.add("useful FLOP", formatQuantity(record.work->useful_flops, Quantity::flops), origin);
    g.add("dense FLOP", formatQuantity(record.work->dense_flops, Quantity::flops), origin);
    if (record.work->executed_flops)
      g.add("executed FLOP", formatQuantity(*record.work->executed_flops, Quantity::flops), origin);
  }
  for (const auto& t : record.traffic) {
    const QString level = text(name_of(t.level)), origin = text(name_of(t.provenance));
    g.add(level + " read", formatQuantity(t.read_bytes, Quantity::bytes), origin);
    g.add(level + " written", formatQuantity(t.write_bytes, Quantity::bytes), origin);
  }
  if (record.bytes) {
    const auto& b = *record.bytes;
    const QString origin = text(name_of(b.provenance));
    const auto part = [&](const char* name, std::uint64_t bytes) {
      g.add(QLatin1String(name), formatQuantity(static_cast<double>(bytes), Quantity::bytes),
            origin);
    };
    part("key values", b.key_values);
    part("value values", b.value_values);
    part("key bitmaps", b.key_bitmaps);
    part("value bitmaps", b.value_bitmaps);
    part("indices", b.indices);
    part("padding", b.padding);
    part("window", b.window);
    part("queries", b.queries);
    part("outputs", b.outputs);
    part("partials", b.partials);
    part("dense", b.dense);
    if (const auto ratio = compression_ratio(b))
      g.add("compression", formatQuantity(*ratio, Quantity::ratio), origin);
  }
  if (record.coverage)
    g.add("simulated blocks", QObject::tr("%1 of %2, scaled")
                                  .arg(record.coverage->blocks_simulated)
                                  .arg(record.coverage->blocks_total));
  g.into(groups);
}

void addCounters(const QString& title, const std::map<std::string, traces::Counter>& counters,
                 std::vector<DetailGroup>& groups) {
  GroupWriter g(title);
  for (const auto& [name, counter] : counters) {
    const Quantity quantity = quantityOf(counter.unit);
    QString value =
        counter.value ? formatQuantity(*counter.value, quantity) : QObject::tr("not available");
    if (counter.value && quantity == Quantity::plain && counter.unit != "1")
      value += ' ' + text(counter.unit);
    g.add(text(name), value,
          counter.value ? text(name_of(counter.provenance)) : text(counter.reason));
  }
  g.into(groups);
}

void addPlan(const traces::Record& record, std::vector<DetailGroup>& groups) {
  GroupWriter g(QObject::tr("Launch"));
  if (record.plan) {
    const auto& p = *record.plan;
    const auto three = [](const auto& v) {
      return QStringLiteral("%1 × %2 × %3").arg(v[0]).arg(v[1]).arg(v[2]);
    };
    g.add("splits", count(p.splits));
    g.add("grid", three(p.grid));
    g.add("block", three(p.block));
    g.add("shared memory per block",
          formatQuantity(static_cast<double>(p.shared_bytes), Quantity::bytes));
    if (p.registers_per_thread) g.add("registers per thread", count(*p.registers_per_thread));
    if (p.blocks_per_sm) g.add("blocks per SM", count(*p.blocks_per_sm));
    if (p.workspace_bytes)
      g.add("workspace", formatQuantity(static_cast<double>(*p.workspace_bytes), Quantity::bytes));
  }
  g.into(groups);
  GroupWriter v(QObject::tr("Validation"));
  if (record.validation) {
    const auto& r = *record.validation;
    v.add("error / tolerance", formatNumber(r.tolerance_share));
    v.add("largest absolute error", formatNumber(r.max_abs_error));
    v.add("largest relative error", formatNumber(r.max_rel_error));
    v.add("mismatched", QObject::tr("%1 of %2").arg(r.num_mismatched).arg(r.num_checked));
    v.add("reference", text(r.reference));
  }
  v.into(groups);
}

void addEnvironment(const traces::Details& details, std::vector<DetailGroup>& groups) {
  if (details.environment) {
    const auto& e = *details.environment;
    GroupWriter g(QObject::tr("Environment"));
    g.add("device", text(e.device.name));
    g.add("compute capability", text(e.device.compute_capability));
    g.add("SMs", count(e.device.num_sms));
    g.add("L2", formatQuantity(static_cast<double>(e.device.l2_bytes), Quantity::bytes));
    if (e.device.clocks_locked)
      g.add("clocks locked", *e.device.clocks_locked ? QObject::tr("yes") : QObject::tr("no"));
    if (e.device.ecc) g.add("ECC", *e.device.ecc ? QObject::tr("on") : QObject::tr("off"));
    g.add("driver", text(e.driver_version.value_or("")));
    g.add("CUDA runtime", text(e.cuda_runtime_version.value_or("")));
    g.add("CUPTI", text(e.cupti_version.value_or("")));
    g.add("kvroof", text(e.kvroof_version) + ' ' + text(e.git_revision) +
                        (e.git_dirty ? QObject::tr(" with local changes") : QString()));
    g.add("compiler", text(e.compiler));
    g.add("L2 policy", text(e.l2_policy));
    g.add("host", text(e.host));
    g.add("CPU", text(e.cpu));
    g.add("started (UTC)", text(e.utc_time));
    QStringList argv;
    for (const auto& argument : e.argv) argv << text(argument);
    g.add("command", argv.join(' '));
    g.into(groups);
  }
  if (details.ceilings) {
    GroupWriter g(QObject::tr("Roofs"));
    for (const auto& roof : details.ceilings->roofs)
      g.add(QStringLiteral("%1 %2").arg(text(name_of(roof.level)), text(roof.name)), roofText(roof),
            QStringLiteral("%1, %2").arg(text(name_of(roof.kind)), text(roof.source)));
    g.into(groups);
  }
}

}  // namespace

std::vector<DetailGroup> detailGroups(const traces::Details& details) {
  std::vector<DetailGroup> groups;
  addProblem(details.record, groups);
  addTimes(details.record, groups);
  addPredictions(details.record, groups);
  addWork(details.record, groups);
  if (details.record.counters) {
    addCounters(QObject::tr("Counters"), *details.record.counters, groups);
  } else {
    GroupWriter g(QObject::tr("Counters"));
    g.add(QObject::tr("not collected"), details.record.counters_reason.empty()
                                            ? QObject::tr("no reason given")
                                            : text(details.record.counters_reason));
    g.into(groups);
  }
  addCounters(QObject::tr("Fidelity"), details.record.fidelity, groups);
  addPlan(details.record, groups);
  addEnvironment(details, groups);
  return groups;
}

void DetailsModel::show(std::vector<DetailGroup> groups) {
  beginResetModel();
  groups_ = std::move(groups);
  endResetModel();
}

// The internal id of an item is the number of its group + 1; groups have 0.
QModelIndex DetailsModel::index(int row, int column, const QModelIndex& parent) const {
  if (!hasIndex(row, column, parent)) return {};
  return createIndex(row, column, parent.isValid() ? static_cast<quintptr>(parent.row()) + 1 : 0);
}

QModelIndex DetailsModel::parent(const QModelIndex& index) const {
  if (!index.isValid() || index.internalId() == 0) return {};
  return createIndex(static_cast<int>(index.internalId()) - 1, 0, quintptr{0});
}

int DetailsModel::rowCount(const QModelIndex& parent) const {
  if (!parent.isValid()) return static_cast<int>(groups_.size());
  if (parent.internalId() != 0 || parent.column() != 0) return 0;
  return static_cast<int>(groups_[static_cast<std::size_t>(parent.row())].items.size());
}

int DetailsModel::columnCount(const QModelIndex&) const { return 3; }

QVariant DetailsModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || (role != Qt::DisplayRole && role != Qt::ToolTipRole)) return {};
  if (index.internalId() == 0)
    return index.column() == 0 ? groups_[static_cast<std::size_t>(index.row())].title : QString();
  const DetailItem& item = groups_[static_cast<std::size_t>(index.internalId()) - 1]
                               .items[static_cast<std::size_t>(index.row())];
  return index.column() == 0 ? item.name : index.column() == 1 ? item.value : item.origin;
}

QVariant DetailsModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == 0 ? tr("field") : section == 1 ? tr("value") : tr("origin");
}

}  // namespace kvroof::gui
