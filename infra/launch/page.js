"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const fields = [...document.querySelectorAll("[data-parameter]")];

  // escape leaves no character that separates parameters, and none that stands for a space.
  const escape = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase());
  const quote = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
  const whole = (pattern) => new RegExp("^(?:" + pattern + ")$");
  const sentence = (text) => text === "" ? "" : text[0].toUpperCase() + text.slice(1).replace(/\.$/, "") + ".";

  const faultOf = (name, value) => {
    const longest = data.maxLengths[name];
    if (name in data.patterns && !whole(data.patterns[name]).test(value)) {
      return sentence(data.messages[name]);
    }
    return longest && [...value].length > longest ? "Must have at most " + longest + " characters." : "";
  };

  // show marks a field as wrong, or as right.
  const show = (field, fault) => {
    at(field.id + "-fault").textContent = fault;
    field.setAttribute("aria-invalid", String(fault !== ""));
    return fault === "" ? 0 : 1;
  };

  const holds = (condition, values) => (values[condition.parameter] === condition.equals) !== condition.not;

  const policyFor = (region, stack, values) => {
    const optional = Object.entries(data.optional).filter(([name]) => values[name] === "").flatMap(([, sids]) => sids);
    const bounded = values.FunctionPermissionsBoundary !== "";
    const policy = structuredClone(bounded ? data.bounded : data.policy);
    policy.Statement = policy.Statement.filter((s) => !optional.includes(s.Sid));
    const account = at("account").value || "123456789012";
    const boundary = values.FunctionPermissionsBoundary;
    const filled = {
      RELEASE_ARN: region.release, REGION_NAME: region.name, ACCOUNT_ID: account, STACK_NAME: stack, PARTITION: region.partition,
      FUNCTION_BOUNDARY: boundary.startsWith("policy/") ? "arn:" + region.partition + ":iam::" + account + ":" + boundary : boundary,
      PARAMETER_NAME: values.RoleArnParameterName.replace(/^\//, ""),
    };
    const fill = (value) => {
      if (typeof value === "string") {
        return value.replace(/RELEASE_ARN|REGION_NAME|ACCOUNT_ID|STACK_NAME|PARTITION|FUNCTION_BOUNDARY|PARAMETER_NAME/g, (name) => filled[name]);
      }
      if (Array.isArray(value)) {
        return value.map(fill);
      }
      return value && typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fill(v)])) : value;
    };
    return JSON.stringify(fill(policy), null, 2);
  };

  const update = () => {
    const region = data.regions.find((r) => r.name === at("region").value);
    const stack = at("stack").value;
    const values = Object.fromEntries(fields.map((field) => [field.id, field.value]));
    let wrong = show(at("stack"), whole(data.stackName).test(stack) ? "" :
      "Must start with a letter, and have at most 128 letters, digits and hyphens.");
    for (const field of fields) {
      wrong += show(field, faultOf(field.id, field.value));
    }
    show(at("account"), /^(\d{12})?$/.test(at("account").value) ? "" : "Must have 12 digits.");
    const broken = data.rules.filter((rule) => holds(rule.if, values) && !holds(rule.must, values)).map((rule) => sentence(rule.message));
    if (wrong > 0) {
      broken.unshift(wrong === 1 ? "One value is wrong. Correct it to launch." : wrong + " values are wrong. Correct them to launch.");
    }
    at("faults").textContent = broken.join("\n");

    const changed = fields.filter((field) => field.value !== data.defaults[field.id]);
    changed.sort((a, b) => (a.id < b.id ? -1 : 1));
    const link = region.console + "templateURL=" + escape(region.templateURL) + "&stackName=" + escape(stack) +
      changed.map((field) => "&param_" + escape(field.id) + "=" + escape(field.value)).join("");
    const command = ["aws cloudformation create-stack --region " + region.name, "--stack-name " + quote(stack),
      "--template-url " + quote(region.templateURL), "--capabilities " + data.capability];
    if (changed.length > 0) {
      const list = changed.map((field) => ({ParameterKey: field.id, ParameterValue: field.value}));
      command.push("--parameters " + quote(JSON.stringify(list)));
    }
    at("link").textContent = link;
    at("command").textContent = command.join(" \\\n  ");
    at("policy").textContent = policyFor(region, stack, values);
    const launch = at("launch");
    if (broken.length > 0) {
      launch.removeAttribute("href");
      launch.setAttribute("aria-disabled", "true");
    } else {
      launch.href = link;
      launch.removeAttribute("aria-disabled");
    }
  };

  const copy = async (event) => {
    const source = at(event.currentTarget.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      at("copied").textContent = "Copied.";
    } catch {
      // Without permission, or from a file: the person copies what is selected.
      getSelection().selectAllChildren(source);
      at("copied").textContent = "Selected. Copy it by the keyboard.";
    }
  };

  // A group with a wrong value opens, so that the value is seen.
  const reveal = (event) => {
    update();
    for (const group of document.querySelectorAll("details")) {
      group.open = group.open || group.contains(event.target) || group.querySelector("[aria-invalid=true]") !== null;
    }
  };

  at("plain").hidden = true;
  at("form").hidden = false;
  at("result").hidden = false;
  document.addEventListener("input", reveal);
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", copy);
  }
  update();
})();
