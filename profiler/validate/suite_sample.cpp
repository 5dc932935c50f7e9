// SPDX-License-Identifier: Apache-2.0
#include "profiler/validate/suite_sample.hpp"

#include <optional>
#include <random>
#include <stdexcept>

#include "profiler/validate/method.hpp"

namespace kvroof::validate {
namespace {

/// The search: values of all properties are numbered through.
class Search {
 public:
  Search(const Case& base, const std::vector<Property>& properties,
         const std::function<bool(Case&)>& finish)
      : base_(base), properties_(properties), finish_(finish) {
    for (const Property& property : properties) {
      first_.push_back(count_);
      count_ += property.size();
    }
    wanted_.assign(count_ * count_, false);
    for (std::size_t a = 0; a < properties.size(); ++a) {
      for (std::size_t b = a + 1; b < properties.size(); ++b) {
        for (std::size_t i = 0; i < properties[a].size(); ++i)
          for (std::size_t j = 0; j < properties[b].size(); ++j)
            wanted_[pair(first_[a] + i, first_[b] + j)] = true;
      }
    }
  }

  std::vector<Case> run() {
    std::vector<Case> cases;
    for (std::size_t target = 0; target < wanted_.size(); ++target) {
      if (!wanted_[target]) continue;
      const std::optional<Case> best = best_case_with(target);
      if (!best) continue;  // the pair does not go together
      for (const std::size_t covered : pairs_of(*best)) wanted_[covered] = false;
      cases.push_back(*best);
    }
    return cases;
  }

 private:
  std::size_t pair(std::size_t low, std::size_t high) const { return low * count_ + high; }

  std::vector<std::size_t> pairs_of(const Case& one) const {
    std::vector<std::size_t> values, pairs;
    for (std::size_t p = 0; p < properties_.size(); ++p) {
      for (std::size_t i = 0; i < properties_[p].size(); ++i) {
        Case changed = one;
        properties_[p][i](changed);
        if (changed == one) values.push_back(first_[p] + i);
      }
    }
    for (std::size_t a = 0; a < values.size(); ++a)
      for (std::size_t b = a + 1; b < values.size(); ++b)
        pairs.push_back(pair(values[a], values[b]));
    return pairs;
  }

  /// Any case with the two values; some of the others are those of the base, which go with most.
  Case draw(std::size_t target) {
    const std::size_t shy = random_() % 8;  // of 8 properties, how many are left as they are
    Case one = base_;
    for (std::size_t p = 0; p < properties_.size(); ++p) {
      std::size_t value = random_() % 8 < shy ? 0 : random_() % properties_[p].size();
      for (const std::size_t fixed : {target / count_, target % count_})
        if (fixed - first_[p] < properties_[p].size()) value = fixed - first_[p];
      properties_[p][value](one);
    }
    return one;
  }

  std::optional<Case> best_case_with(std::size_t target) {
    constexpr int attempts = 400;
    constexpr int enough = 30;  // of them possible
    std::optional<Case> best;
    std::size_t most = 0;
    for (int i = 0, found = 0; i < attempts && found < enough; ++i) {
      Case one = draw(target);
      if (!finish_(one)) continue;
      std::size_t news = 0;
      bool hit = false;
      for (const std::size_t covered : pairs_of(one)) {
        news += wanted_[covered] ? 1 : 0;
        hit = hit || covered == target;
      }
      if (!hit) continue;
      ++found;
      if (news <= most) continue;
      most = news;
      best = std::move(one);
    }
    return best;
  }

  const Case& base_;
  const std::vector<Property>& properties_;
  const std::function<bool(Case&)>& finish_;
  std::vector<std::size_t> first_;  // value of each property
  std::size_t count_ = 0;           // values of all
  std::vector<bool> wanted_;        // [value, later value]: not in a case yet
  std::mt19937_64 random_{1};       // the same on every machine
};

/// A property that is one member of a case.
template <class Member, class Value>
Property member(Member Case::*member, std::initializer_list<Value> values) {
  Property property;
  for (const Value& value : values)
    property.push_back([member, value](Case& one) { one.*member = value; });
  return property;
}

Property rules(Operand side) {
  // Sparsities decide anew what a rule keeps, so a rule that a case has already must not.
  const auto set = [side](prune::Rule rule) {
    return [side, rule](Case& one) {
      (side == Operand::kKeys ? one.key_rule : one.value_rule) = rule;
    };
  };
  Property property = {set(prune::Rule::kPerTokenMagnitude)};
  for (const prune::Rule rule : prune::rules_of(side))
    if (rule != prune::Rule::kPerTokenMagnitude) property.push_back(set(rule));
  return property;
}

Property sparsities(Operand side) {
  Property property;
  for (const double sparsity : {0.5, 0.0, 0.7, 0.99})
    property.push_back([side, sparsity](Case& one) { set_sparsity(one, side, sparsity); });
  return property;
}

Property heads() {
  Property property;
  for (const auto& [query, kv] : {std::pair(8, 2),  // grouped
                                  {3, 3},
                                  {1, 1},  // one query head each
                                  {2, 1},
                                  {4, 1},
                                  {8, 1},
                                  {16, 1},  // one kv head for all
                                  {6, 2},
                                  {10, 2},
                                  {12, 2},
                                  {14, 2},
                                  {22, 2},
                                  {32, 2}}) {
    property.push_back([query = query, kv = kv](Case& one) {
      one.query_heads = query;
      one.kv_heads = kv;
    });
  }
  return property;
}

Property lengths() {
  Property property;
  for (const std::vector<int>& all : std::vector<std::vector<int>>{
           {300}, {1}, {95}, {96}, {97}, {530}, {0, 1, 33, 400, 64}, {0, 0, 200}, {71, 97, 300}}) {
    property.push_back([all](Case& one) {
      one.batch = static_cast<int>(all.size());
      one.kv_lengths = all;
    });
  }
  return property;
}

Property method_names() {
  Property property;
  for (const Method& method : methods())
    property.push_back([name = std::string(method.name)](Case& one) { one.method = name; });
  return property;
}

/// Whether a kernel takes it, as the kernels themselves answer.
bool finish(Case& one) {
  try {
    const Method& method = method_named(one.method);
    one = method.heeded(std::move(one));
    check(one);
    method.resources(one, h200_device_info());
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

}  // namespace

std::vector<Case> pairwise_sample(const Case& base, const std::vector<Property>& properties,
                                  const std::function<bool(Case&)>& finish) {
  return Search(base, properties, finish).run();
}

const std::vector<Case>& sampled_cases() {
  using Appended = std::optional<int>;
  // What survives follows from head_dim and rules: these come before sparsities.
  static const std::vector<Case> cases = pairwise_sample(
      Case{},
      {method_names(), heads(), lengths(), member<int>(&Case::head_dim, {128, 64, 256}),
       member<ValueType>(&Case::value_type, {ValueType::kF16, ValueType::kBF16}),
       rules(Operand::kKeys), rules(Operand::kValues), sparsities(Operand::kKeys),
       sparsities(Operand::kValues), member<int>(&Case::window, {32, 0, 1, 100}),
       member<int>(&Case::sinks, {0, 4, 70}),
       member<Appended>(&Case::appended, {Appended{}, Appended{0}, Appended{70}}),
       member<int>(&Case::blocks, {0, 1, 3}),
       member<double>(&Case::outlier_strength, {1.0, 0.0, 3.0, 10.0})},
      finish);
  return cases;
}

}  // namespace kvroof::validate
